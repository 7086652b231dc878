/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "oracle/state.h"
#include "scenario/words.h"

/* The order of the greatest free block that starts at a frame, inside its span and of census frames only. */
static unsigned greatest_at(const struct lab_oracle *oracle, const struct lab_span *span, uint64_t frame)
{
	uint64_t end = span->first_frame + span->frame_count;
	unsigned order = 0;

	while (order < oracle->machine->order_max && !(frame & lab_bits_low(order + 1)) &&
	       frame + (UINT64_C(2) << order) <= end) {
		uint64_t i = UINT64_C(1) << order, top = UINT64_C(2) << order;

		while (i < top && oracle->census[frame + i] &&
		       !lab_load_relaxed(&oracle->shadow.cells[frame + i].owner))
			i++;
		if (i < top)
			break;
		order++;
	}
	return order;
}

static void count_greatest(const struct lab_oracle *oracle, enum lab_zone zone, uint64_t counts[LAB_ORDER_MAX + 1])
{
	memset(counts, 0, sizeof(uint64_t) * (LAB_ORDER_MAX + 1));
	for (size_t i = 0; i < oracle->machine->span_count; i++) {
		const struct lab_span *span = &oracle->machine->spans[i];
		uint64_t frame = span->first_frame;

		while (span->zone == zone && frame < span->first_frame + span->frame_count) {
			bool usable = oracle->census[frame] && !lab_load_relaxed(&oracle->shadow.cells[frame].owner);
			unsigned order = usable ? greatest_at(oracle, span, frame) : 0;

			if (usable)
				counts[order]++;
			frame += UINT64_C(1) << order;
		}
	}
}

/* The first block that was not there. */
struct missing {
	bool is;
	enum lab_zone zone;
	unsigned order;
	uint64_t count, got;
};

/* Takes the zone's greatest blocks, great ones first; false: a block came that cannot be, and a finding tells why. */
static bool take_greatest(struct lab_oracle *oracle, void *self, enum lab_zone zone, struct missing *missing)
{
	uint64_t counts[LAB_ORDER_MAX + 1], got;
	void *block;

	count_greatest(oracle, zone, counts);
	for (unsigned order = LAB_ORDER_MAX + 1; order-- > 0;) {
		enum lab_take take = LAB_TAKE_GOT;

		/* One more than there can be: if that is granted, it lies where no block may. */
		if (order > oracle->machine->order_max)
			continue;
		for (got = 0; got <= counts[order] && take == LAB_TAKE_GOT; got += take == LAB_TAKE_GOT)
			take = lab_oracle_take(oracle, self, zone == LAB_ZONE_DMA ? LAB_GFP_DMA : 0, order, &block);
		if (take == LAB_TAKE_UNSOUND)
			return false;
		if (got < counts[order] && !missing->is)
			*missing = (struct missing){true, zone, order, counts[order], got};
	}
	return true;
}

/*
 * R06. The greatest aligned blocks of the free census frames are fixed by the spans; taken great ones first, each must
 * be there. The DMA zone first: with that empty a NORMAL request cannot fall back and hide a missing block. A block
 * that is missing here may come from where it must not be: that is the finding then.
 */
bool lab_oracle_judge_coalescing(struct lab_oracle *oracle, void *self)
{
	struct missing missing = {.is = false};
	bool sound;

	memset(oracle->swept, 0, oracle->machine->frame_count);
	sound = take_greatest(oracle, self, LAB_ZONE_DMA, &missing) &&
		take_greatest(oracle, self, LAB_ZONE_NORMAL, &missing);
	if (sound && missing.is)
		lab_oracle_report(oracle, LAB_R06_COALESCING, LAB_FINDING_NO_ACTOR, UINT64_MAX, missing.order,
				  "zone=%s has %" PRIu64 " free blocks of order %u, the target gave %" PRIu64
				  " owners=nobody",
				  lab_zone_name(missing.zone), missing.count, missing.order, missing.got);
	lab_oracle_give_back(oracle, self);
	return sound && !missing.is;
}
