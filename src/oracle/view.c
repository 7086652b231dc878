/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/state.h"

/* The word that counts a block's views, or NULL where R15 does not judge: only exclusive blocks have a limit. */
static lab_atomic64 *views_of(struct lab_oracle *oracle, const void *block, const struct lab_request *request)
{
	struct lab_cell *head = lab_shadow_find(&oracle->shadow, lab_shadow_frame(&oracle->shadow, block));

	if (!head || !(request->gfp & LAB_GFP_EXCLUSIVE) || !lab_oracle_applies(oracle, LAB_R15_EXCLUSIVE_VIEW))
		return NULL;
	return &head->facts;
}

static void report_view(struct lab_oracle *oracle, unsigned actor, const void *block, const struct lab_request *request,
			const char *wrong, enum lab_status status)
{
	lab_oracle_report(oracle, LAB_R15_EXCLUSIVE_VIEW, actor, lab_oracle_finding_frame(oracle, block),
			  request->order, "block=%s %s: %s owners=%s",
			  lab_oracle_block_text(oracle, block, request->order).text, wrong, lab_status_name(status),
			  lab_oracle_owner_name(oracle, request->owner));
}

void lab_oracle_mapped(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request,
		       enum lab_status status)
{
	lab_atomic64 *facts = views_of(oracle, block, request);
	bool had_view;

	if (!facts)
		return;
	had_view = lab_load_relaxed(facts) >= LAB_CELL_VIEW;
	if (status == LAB_OK) {
		lab_fetch_add_relaxed(facts, LAB_CELL_VIEW);
		if (had_view)
			report_view(oracle, actor, block, request, "got a second view", status);
	} else if (!had_view) {
		/* Nobody has a view, unless the target kept one over a release or a transfer. */
		report_view(oracle, actor, block, request, "was refused its first view", status);
	}
}

void lab_oracle_unmapped(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request,
			 enum lab_status status)
{
	lab_atomic64 *facts = views_of(oracle, block, request);
	bool had_view;

	if (!facts)
		return;
	had_view = lab_load_relaxed(facts) >= LAB_CELL_VIEW;
	if (had_view && status == LAB_OK)
		lab_fetch_sub_relaxed(facts, LAB_CELL_VIEW);
	else if (had_view)
		report_view(oracle, actor, block, request, "lost its view", status);
	else if (status == LAB_OK)
		report_view(oracle, actor, block, request, "gave up a view that it did not have", status);
}
