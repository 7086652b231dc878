/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_BUDGET_H
#define LAB_CORE_BUDGET_H

#include "core/wait.h"

/*
 * A zone's budget: how many free frames admission may still give away. A request takes from it before it takes frames,
 * and frames are given back before they are added, so the budget never promises a frame that is not there, and the
 * check against a floor and the take are one step: no class passes its floor under any interleaving.
 */

/* What must stay free in `zone` after a request of that class whose class zone is `class_zone`. Wait-free. */
static inline uint64_t lab_budget_floor(const struct lab_zone_state *zone, unsigned zone_id, enum lab_class class,
					unsigned class_zone)
{
	/* Relaxed: a watermark publishes nothing; a request that overlaps a change may obey either. */
	uint64_t floor = lab_load_relaxed(&zone->floors[class]);

	if (zone_id != class_zone && class != LAB_CLASS_MEMALLOC)
		floor += lab_load_relaxed(&zone->lowmem_reserve[class_zone]);
	return floor;
}

/* True when the budget is at least `floor`. Wait-free. */
static inline bool lab_budget_allows(const struct lab_zone_state *zone, uint64_t floor)
{
	/* Relaxed: what the caller has in hand lies outside the budget; only the number matters. */
	return lab_load_relaxed(&zone->budget) >= floor;
}

/* Takes `frames` if at least `floor` stay. Linearises a request that succeeds. Lock-free. */
static inline bool lab_budget_take(struct lab_zone_state *zone, uint64_t frames, uint64_t floor)
{
	uint64_t seen = lab_load_relaxed(&zone->budget); /* the swap below compares it */

	while (seen >= frames && seen - frames >= floor) {
		/* Takes what lab_budget_give published: the frames are findable for who was admitted. */
		if (lab_cas_acquire(&zone->budget, &seen, seen - frames))
			return true;
	}
	return false;
}

/* Adds frames that were given back before, and tells who waits for some. Wait-free but for the telling. */
static inline void lab_budget_give(const struct lab_arena *arena, unsigned zone, uint64_t frames)
{
	/*
	 * Publishes the frames' bits to who is admitted by them: lab_budget_take. Sequentially consistent for the look
	 * at the waiters that follows: wait.h.
	 */
	lab_fetch_add_seq_cst(&lab_zone_state(arena, zone)->budget, frames);
	lab_wait_tell(arena);
}

#endif
