/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oracle/state.h"

#define SWEPT_DMA 0x80u /* taken with LAB_GFP_DMA, and so to be given back with it */

/* Notes a block that the oracle took. False: it cannot be, and a finding tells why. */
static bool note_block(struct lab_oracle *oracle, const struct lab_request *request, const void *block)
{
	uint64_t frame = lab_shadow_frame(&oracle->shadow, block);
	const char *wrong = lab_oracle_misplaced(oracle, request, block);
	lab_owner owner = LAB_OWNER_NONE;
	struct lab_cell *cell;

	if (wrong) {
		lab_oracle_report(oracle, LAB_R05_PLACEMENT, LAB_FINDING_NO_ACTOR, frame, request->order,
				  "block=%s %s owners=the oracle",
				  lab_oracle_block_text(oracle, block, request->order).text, wrong);
		return false;
	}
	cell = lab_shadow_find(&oracle->shadow, frame);
	/* Relaxed like all others, though at quiescence there is nobody to race with. */
	if (!lab_cas_relaxed(&cell->owner, &owner, request->owner)) {
		bool twice = oracle->swept[frame];

		lab_oracle_report(oracle, twice ? LAB_R04_CONSERVATION : LAB_R01_EXCLUSIVE_OWNERSHIP,
				  LAB_FINDING_NO_ACTOR, frame, request->order, "block=%s%s owners=%s, the oracle",
				  lab_oracle_block_text(oracle, block, request->order).text,
				  twice ? " was handed out twice at quiescence" : "",
				  lab_oracle_owner_name(oracle, owner));
		return false;
	}
	oracle->swept[frame] = (uint8_t)((request->order + 1) | (request->gfp & LAB_GFP_DMA ? SWEPT_DMA : 0));
	return true;
}

enum lab_take lab_oracle_take(struct lab_oracle *oracle, void *self, lab_gfp gfp, unsigned order, void **ret_block)
{
	struct lab_request request = {.gfp = gfp | LAB_GFP_MEMALLOC, .order = order, .cpu = oracle->own_cpu};
	void *block = NULL;

	request.owner = lab_owner_make(LAB_OWNER_CONTEXT_MAX, ++oracle->own_generation);
	if (oracle->target->alloc(self, &request, &block) != LAB_OK)
		return LAB_TAKE_REFUSED;
	if (!note_block(oracle, &request, block))
		return LAB_TAKE_UNSOUND;
	*ret_block = block;
	return LAB_TAKE_GOT;
}

static enum lab_take sweep_as(struct lab_oracle *oracle, void *self, lab_gfp gfp)
{
	enum lab_take take;
	void *block;

	while ((take = lab_oracle_take(oracle, self, gfp, 0, &block)) == LAB_TAKE_GOT)
		lab_oracle_judge_release(oracle, LAB_FINDING_NO_ACTOR, block, 0, false);
	return take;
}

enum lab_take lab_oracle_sweep(struct lab_oracle *oracle, void *self)
{
	enum lab_take take = LAB_TAKE_REFUSED;

	memset(oracle->swept, 0, oracle->machine->frame_count);
	if (oracle->machine->zones[LAB_ZONE_DMA].frames)
		take = sweep_as(oracle, self, LAB_GFP_DMA);
	return take == LAB_TAKE_UNSOUND ? take : sweep_as(oracle, self, 0);
}

void lab_oracle_give_back(struct lab_oracle *oracle, void *self)
{
	for (uint64_t frame = 0; frame < oracle->machine->frame_count; frame++) {
		struct lab_cell *cell = lab_shadow_find(&oracle->shadow, frame);
		uint8_t swept = oracle->swept[frame];
		struct lab_request request = {
			.gfp = LAB_GFP_MEMALLOC | (swept & SWEPT_DMA ? LAB_GFP_DMA : 0),
			.order = (swept & ~SWEPT_DMA) - 1u,
			.cpu = oracle->own_cpu,
		};
		void *block = lab_shadow_page(&oracle->shadow, oracle->machine->base, frame);
		enum lab_status status;

		if (!swept)
			continue;
		request.owner = lab_load_relaxed(&cell->owner);
		lab_store_relaxed(&cell->owner, LAB_OWNER_NONE);
		status = oracle->target->free(self, block, &request);
		if (status != LAB_OK)
			lab_oracle_report(oracle, LAB_R02_MISUSE, LAB_FINDING_NO_ACTOR, frame, request.order,
					  "block=%s refused at its rightful free: %s owners=the oracle",
					  lab_oracle_block_text(oracle, block, request.order).text,
					  lab_status_name(status));
	}
	if (oracle->target->drain)
		for (unsigned cpu = 0; cpu < oracle->machine->cpu_count; cpu++)
			oracle->target->drain(self, cpu);
}
