/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/bits.h"
#include "oracle/state.h"

void lab_oracle_alloc_begin(struct lab_oracle *oracle, struct lab_call *call, unsigned actor,
			    const struct lab_request *request)
{
	lab_oracle_call_begin(oracle, call, LAB_CALL_ALLOC, actor, request);
	if (oracle->config.one_thread)
		lab_oracle_instant(oracle, call);
}

const char *lab_oracle_misplaced(const struct lab_oracle *oracle, const struct lab_request *request, const void *block)
{
	uint64_t frame = lab_shadow_frame(&oracle->shadow, block), frames = UINT64_C(1) << request->order;
	const struct lab_span *span;

	if (!block)
		return "is NULL";
	if (!lab_shadow_is_frame_aligned(&oracle->shadow, block))
		return "is not aligned to a frame";
	if (!oracle->arena)
		return NULL;
	if (frame >= oracle->machine->frame_count)
		return "lies outside the arena";
	span = lab_oracle_span(oracle, frame);
	if (!span)
		return "lies in a hole";
	if (lab_oracle_is_absent(oracle, frame))
		return "lies in a span that is absent";
	if (frame + frames > span->first_frame + span->frame_count)
		return "crosses the end of its span";
	if (frame & lab_bits_low(request->order))
		return "is not aligned to its size";
	if (request->gfp & LAB_GFP_DMA && span->zone != LAB_ZONE_DMA)
		return "lies outside the DMA zone";
	return NULL;
}

static void report_double_ownership(struct lab_oracle *oracle, const struct lab_call *call, const void *block,
				    uint64_t frame, lab_owner other)
{
	lab_oracle_report(oracle, LAB_R01_EXCLUSIVE_OWNERSHIP, call->actor, lab_oracle_finding_frame(oracle, block),
			  call->request.order, "block=%s at page %" PRIu64 " owners=%s, %s",
			  lab_oracle_block_text(oracle, block, call->request.order).text,
			  frame - lab_shadow_frame(&oracle->shadow, block), lab_oracle_owner_name(oracle, other),
			  lab_oracle_owner_name(oracle, call->request.owner));
}

/*
 * R01: moves every frame of the block from free to the owner. A frame that has another owner stays his, so that the
 * counts hold; the first such frame is the finding.
 */
static void claim(struct lab_oracle *oracle, const struct lab_call *call, void *block, enum lab_zone zone)
{
	uint64_t first = lab_shadow_frame(&oracle->shadow, block), claimed = 0;
	bool reported = false;

	for (uint64_t i = 0; i < UINT64_C(1) << call->request.order; i++) {
		struct lab_cell *cell = lab_shadow_add(&oracle->shadow, first + i);
		lab_owner owner = LAB_OWNER_NONE;

		if (!cell) {
			if (!oracle->arena)
				lab_fetch_add_relaxed(&oracle->unwatched, 1);
			continue;
		}
		/* Relaxed: the swap decides who is first; it must not order the two owners (cell.h). */
		if (lab_cas_relaxed(&cell->owner, &owner, call->request.owner)) {
			uint64_t shredded = lab_load_relaxed(&cell->facts) & LAB_CELL_SHREDDED;

			lab_store_relaxed(&cell->facts, shredded | (i ? 0 : LAB_CELL_HEAD));
			claimed++;
		} else if (!reported) {
			reported = true;
			report_double_ownership(oracle, call, block, first + i, owner);
		}
	}
	lab_fetch_add_relaxed(&oracle->taken[zone], claimed);
}

static void judge_success(struct lab_oracle *oracle, const struct lab_call *call, void *block)
{
	const struct lab_request *request = &call->request;
	const char *wrong = lab_oracle_misplaced(oracle, request, block);
	enum lab_zone zone;

	if (wrong) {
		lab_oracle_report(oracle, LAB_R05_PLACEMENT, call->actor, lab_oracle_finding_frame(oracle, block),
				  request->order, "block=%s %s owners=%s",
				  lab_oracle_block_text(oracle, block, request->order).text, wrong,
				  lab_oracle_owner_name(oracle, request->owner));
		return; /* its frames cannot be named, or are not the target's to give */
	}
	zone = lab_oracle_zone(oracle, lab_shadow_frame(&oracle->shadow, block));
	claim(oracle, call, block, zone);
	lab_oracle_judge_floor(oracle, call, zone, block);
	lab_oracle_judge_release(oracle, call->actor, block, request->order, request->gfp & LAB_GFP_ZERO);
}

/* Where a success has its block, and what a failure asked for first. */
static enum lab_zone zone_asked(const struct lab_oracle *oracle, const struct lab_call *call, enum lab_status status,
				const void *block)
{
	if (status == LAB_OK && block)
		return lab_oracle_zone(oracle, lab_shadow_frame(&oracle->shadow, block));
	return call->request.gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL;
}

void lab_oracle_alloc_end(struct lab_oracle *oracle, struct lab_call *call, enum lab_status status, void *block)
{
	if (status == LAB_OK)
		judge_success(oracle, call, block);
	else if (block && lab_oracle_applies(oracle, LAB_R02_MISUSE))
		lab_oracle_report(oracle, LAB_R02_MISUSE, call->actor, lab_oracle_finding_frame(oracle, block),
				  call->request.order, "block=%s set by an alloc that answered %s owners=%s",
				  lab_oracle_block_text(oracle, block, call->request.order).text,
				  lab_status_name(status), lab_oracle_owner_name(oracle, call->request.owner));
	else
		lab_oracle_judge_failure(oracle, call, status);
	if (status == LAB_OK || status == LAB_NO_MEMORY)
		lab_oracle_judge_wake(oracle, call, zone_asked(oracle, call, status, block));
	if (call->trespass.is)
		lab_oracle_judge_trespass(oracle, call, status == LAB_OK ? block : NULL);
	lab_oracle_order_alloc(oracle, call, status == LAB_OK ? block : NULL);
	lab_oracle_call_end(oracle, call);
}
