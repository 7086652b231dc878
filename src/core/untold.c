/* SPDX-License-Identifier: Apache-2.0 */
#include "core/untold.h"

#include "base/bits.h"
#include "core/budget.h"

/* How many frames a CPU may leave untold: as many as its cache reaches over. */
static uint64_t untold_most(const struct lab_arena *arena)
{
	return (uint64_t)arena->slot_count * LAB_HALF_FRAMES;
}

void lab_untold_take(const struct lab_arena *arena, unsigned zone, lab_atomic64 *untold)
{
	/* Takes the bits that lab_untold_tell published with the count. */
	uint64_t frames = lab_untold_count(lab_fetch_and_acquire(untold, LAB_UNTOLD_CLOSED));

	if (frames)
		lab_budget_give(arena, zone, frames);
}

void lab_untold_tell(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames)
{
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	lab_atomic64 *untold = &lab_cpu_zone(arena, cpu, zone)->untold;

	/* Near the watermarks at once; else a batch at a time. Both relaxed: only when matters. */
	if (frames >= untold_most(arena) || lab_load_relaxed(&state->budget) < lab_load_relaxed(&state->high)) {
		lab_budget_give(arena, zone, frames);
		return;
	}
	/*
	 * Releases the frames' bits to lab_untold_take and lab_cpu_close, which publish them. Sequentially consistent
	 * for the look at the waiters, who take the count too: wait.h. A closed count is great.
	 */
	if (lab_fetch_add_seq_cst(untold, frames) + frames >= untold_most(arena))
		lab_untold_take(arena, zone, untold);
	else
		lab_wait_tell(arena);
}

bool lab_untold_spend(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames)
{
	lab_atomic64 *untold = &lab_cpu_zone(arena, cpu, zone)->untold;
	uint64_t seen = lab_load_relaxed(untold); /* the swap below compares it */

	while (lab_untold_count(seen) >= frames)
		/* Takes the bits that lab_untold_tell published with the count. */
		if (lab_cas_acquire(untold, &seen, seen - frames))
			return true;
	return false;
}

bool lab_untold_admit(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames, uint64_t floor)
{
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	uint64_t batch, plenty;

	if (lab_untold_spend(arena, cpu, zone, frames)) {
		/* Asked with the frames in hand, as in lab_cpu_ask. */
		if (lab_budget_allows(state, floor))
			return true;
		lab_budget_give(arena, zone, frames);
	}
	batch = untold_most(arena) / 2;
	plenty = LAB_MAX(floor, lab_load_relaxed(&state->high)); /* relaxed: only when matters */
	/* For the next ones too, so that the CPUs meet at the budget once in a batch. */
	if (frames < batch && frames >= LAB_WORD_FRAMES && lab_budget_take(state, batch, plenty)) {
		lab_untold_tell(arena, cpu, zone, batch - frames);
		return true;
	}
	return lab_budget_take(state, frames, floor);
}
