/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_UNTOLD_H
#define LAB_CORE_UNTOLD_H

#include "core/layout.h"

/*
 * The frames that a CPU has given back to their chunks and not yet told to the budget, so that CPUs meet at that word
 * once in a batch. They lie outside the budget as cached frames do: the CPU may spend them again where the budget is at
 * least the request's floor, and a request that finds its zone short has every CPU's told first.
 *
 * An offline CPU's count is closed: a mark by which whoever adds to it takes all of it at once.
 */
#define LAB_UNTOLD_CLOSED (UINT64_C(1) << 63)

static inline uint64_t lab_untold_count(uint64_t untold)
{
	return untold & ~LAB_UNTOLD_CLOSED;
}

/* Counts frames that were given back to their chunks, and tells the budget in time. */
void lab_untold_tell(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames);
/* Takes a count to the budget; a closed one stays closed. */
void lab_untold_take(const struct lab_arena *arena, unsigned zone, lab_atomic64 *untold);
/* Takes frames out of a CPU's count; the floor is still to be asked: lab_cpu_ask. */
bool lab_untold_spend(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames);
/* Takes frames from the count or the budget if at least `floor` stay. Linearises a request that succeeds. */
bool lab_untold_admit(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames, uint64_t floor);

#endif
