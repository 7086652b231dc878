/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/bits.h"
#include "oracle/state.h"
#include "scenario/words.h"

static const char *const class_names[] = {"ordinary", "high", "atomic", "memalloc"};

_Static_assert(LAB_ARRAY_COUNT(class_names) == LAB_CLASS_COUNT, "every class has a name");

const char *lab_oracle_class_name(enum lab_class class)
{
	return class_names[class];
}

static void lower(lab_atomic64 *least, uint64_t value)
{
	uint64_t seen = lab_load_relaxed(least);

	while (value < seen && !lab_cas_relaxed(least, &seen, value))
		;
}

/*
 * R03 from outside, with calls that truly overlap; instant.c has it exactly for one thread. Let A be the frames
 * recorded as taken and F those whose free began, both since the start. Whatever was recorded as taken when the call
 * began and not begun to be freed until it ended was truly owned all the time, so at every instant of the call at most
 * T - A_start + F_end frames were free, caches of the target included. A success that would have left less than its
 * floor even then was wrong. With one call at a time it is T - O exactly.
 *
 * `taken` is read before and `given` after the target's call; the block itself is not in A_start.
 */
static struct lab_instant bound(const struct lab_oracle *oracle, const struct lab_call *call, enum lab_zone zone)
{
	const struct lab_request *request = &call->request;
	uint64_t given = lab_load_relaxed(&oracle->given[zone]), there = lab_oracle_there(oracle, zone), floor;

	/* A span that was there for a part of the call may have had the frames. */
	if (lab_load_relaxed(&oracle->memory_version) != call->memory_at_start)
		there = oracle->total[zone];

	floor = lab_marks_floor(&oracle->marks[zone], request->gfp, true);
	/* Asked after the floor was read, lest a change just before made it higher than it was during the call. */
	if (!lab_marks_stable(&oracle->marks[zone], call->marks_at_start[zone]))
		floor = lab_marks_floor(&oracle->marks[zone], request->gfp, false);
	return (struct lab_instant){
		/* Unsigned differences of counts that never pass 2^63; below zero after an R01 only. */
		.left = (int64_t)(there - call->taken_at_start[zone] + given - (UINT64_C(1) << request->order)),
		.floor = floor,
	};
}

void lab_oracle_judge_floor(struct lab_oracle *oracle, const struct lab_call *call, enum lab_zone zone,
			    const void *block)
{
	const struct lab_request *request = &call->request;
	enum lab_class class = lab_gfp_class(request->gfp);
	struct lab_instant best = oracle->config.one_thread ? call->best[zone] : bound(oracle, call, zone);
	uint64_t left_frames = best.left < 0 ? 0 : (uint64_t)best.left;

	if (!oracle->arena)
		return;
	lower(&oracle->low_water[zone][class], left_frames);
	if (!lab_oracle_applies(oracle, LAB_R03_RESERVE_FLOOR))
		return;
	if (left_frames < best.floor)
		lab_oracle_report(
			oracle, LAB_R03_RESERVE_FLOOR, call->actor, lab_oracle_finding_frame(oracle, block),
			request->order, "block=%s zone=%s class=%s left=%" PRIu64 " floor=%" PRIu64 " owners=%s",
			lab_oracle_block_text(oracle, block, request->order).text, lab_zone_name(zone),
			class_names[class], left_frames, best.floor, lab_oracle_owner_name(oracle, request->owner));
}
