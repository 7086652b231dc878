/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/state.h"

/* Frees the block's frames in the shadow; a frame that is another's after an R01 stays his. */
void lab_oracle_release_cells(struct lab_oracle *oracle, const void *block, const struct lab_request *request)
{
	bool shreds = request->gfp & LAB_GFP_SHRED && oracle->target->caps & LAB_CAP_SHRED;
	uint64_t first = lab_shadow_frame(&oracle->shadow, block), released = 0;

	for (uint64_t i = 0; i < UINT64_C(1) << request->order; i++) {
		struct lab_cell *cell = lab_shadow_find(&oracle->shadow, first + i);
		lab_owner owner = request->owner;

		if (!cell || lab_load_relaxed(&cell->owner) != owner)
			continue;
		/* Before the owner: from then on the words may be the next owner's. */
		lab_store_relaxed(&cell->facts, shreds ? LAB_CELL_SHREDDED : 0);
		lab_store_relaxed(&cell->last, owner);
		released += lab_cas_relaxed(&cell->owner, &owner, LAB_OWNER_NONE);
	}
	lab_fetch_add_relaxed(&oracle->given[lab_oracle_zone(oracle, first)], released);
	if (oracle->config.one_thread)
		lab_oracle_instant(oracle, NULL);
}

void lab_oracle_free_begin(struct lab_oracle *oracle, struct lab_call *call, unsigned actor, void *block,
			   const struct lab_request *request)
{
	lab_oracle_call_begin(oracle, call, LAB_CALL_FREE, actor, request);
	(void)lab_oracle_judge_pattern(oracle, actor, block, request);
	lab_oracle_release_cells(oracle, block, request);
}

void lab_oracle_free_end(struct lab_oracle *oracle, struct lab_call *call, void *block, enum lab_status status)
{
	/* Even a target that promises nothing about misuse has to take back what it gave. */
	if (status != LAB_OK)
		lab_oracle_report(oracle, LAB_R02_MISUSE, call->actor, lab_oracle_finding_frame(oracle, block),
				  call->request.order, "block=%s refused at its rightful free: %s owners=%s",
				  lab_oracle_block_text(oracle, block, call->request.order).text,
				  lab_status_name(status), lab_oracle_owner_name(oracle, call->request.owner));
	lab_oracle_order_free(oracle, call, status == LAB_OK ? block : NULL);
	lab_oracle_call_end(oracle, call);
}

static bool has_view(const struct lab_oracle *oracle, const void *block)
{
	struct lab_cell *head = lab_shadow_find(&oracle->shadow, lab_shadow_frame(&oracle->shadow, block));

	return head && lab_load_relaxed(&head->facts) >= LAB_CELL_VIEW;
}

unsigned lab_oracle_transfer_begin(struct lab_oracle *oracle)
{
	lab_oracle_bracket(oracle, true);
	return lab_history_begin(oracle->history);
}

void lab_oracle_transferred(struct lab_oracle *oracle, unsigned number, unsigned actor, void *block,
			    const struct lab_request *from, lab_owner to, enum lab_status status)
{
	uint64_t first = lab_shadow_frame(&oracle->shadow, block);

	lab_oracle_bracket(oracle, false);
	if (status != LAB_OK) {
		lab_oracle_order_none(oracle, number);
		if (status == LAB_BUSY && has_view(oracle, block))
			return;
		if (lab_oracle_applies(oracle, LAB_R02_MISUSE))
			lab_oracle_report(oracle, LAB_R02_MISUSE, actor, lab_oracle_finding_frame(oracle, block),
					  from->order, "block=%s refused at its rightful transfer: %s owners=%s, %s",
					  lab_oracle_block_text(oracle, block, from->order).text,
					  lab_status_name(status), lab_oracle_owner_name(oracle, from->owner),
					  lab_oracle_owner_name(oracle, to));
		return;
	}
	for (uint64_t i = 0; i < UINT64_C(1) << from->order; i++) {
		struct lab_cell *cell = lab_shadow_find(&oracle->shadow, first + i);
		lab_owner owner = from->owner;

		if (cell)
			(void)lab_cas_relaxed(&cell->owner, &owner, to);
	}
	lab_oracle_order_transfer(oracle, number, actor, block, from, to);
}
