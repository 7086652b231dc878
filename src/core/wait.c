/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wait.h"

#include "core/cpu.h"
#include "core/defer.h"
#include "core/process.h"

void lab_arena_serve(struct lab_arena *arena, const struct lab_arena_services *services)
{
	arena->services = services;
}

void lab_wait_wake(const struct lab_arena *arena)
{
	const struct lab_arena_services *services = arena->services;
	lab_atomic32 *word = &arena->state->waiters;
	uint32_t seen = lab_load_relaxed(word); /* the swap below compares it */

	/* Another handle's waiters: whoever can wake them finds the bit as it is. */
	if (!services)
		return;
	while (seen & LAB_WAIT_ANNOUNCED) {
		/* Clears the bit and counts in one. Releases what was made reachable to who announces next. */
		if (!lab_cas_acq_rel(word, &seen, seen + 1))
			continue;
		services->wake(services->arg, (const uint32_t *)word);
		return;
	}
}

void lab_wait_wake_all(const struct lab_arena *arena)
{
	if (!arena->services)
		return;
	/* Counts, with the bit set or not: who is about to sleep on what it saw does not. Releases as above. */
	lab_fetch_add_acq_rel(&arena->state->waiters, 2);
	arena->services->wake(arena->services->arg, (const uint32_t *)&arena->state->waiters);
}

void lab_wait_tell_after_stores(const struct lab_arena *arena)
{
	/* A write, so that it and lab_wait_announce come one after the other: either sees the other's side. */
	if (lab_fetch_add_acq_rel(&arena->state->waiters, 0) & LAB_WAIT_ANNOUNCED)
		lab_wait_wake(arena);
}

uint32_t lab_wait_announce(const struct lab_arena *arena)
{
	/* The partner of lab_wait_tell and, by what it acquires, of lab_wait_tell_after_stores. */
	return lab_fetch_or_seq_cst(&arena->state->waiters, LAB_WAIT_ANNOUNCED) | LAB_WAIT_ANNOUNCED;
}

void lab_wait_sleep(const struct lab_arena *arena, uint32_t seen)
{
	const struct lab_arena_services *services = arena->services;

	services->wait(services->arg, (const uint32_t *)&arena->state->waiters, seen);
}

uint64_t lab_wait_shrink(const struct lab_arena *arena, uint64_t frames)
{
	const struct lab_arena_services *services = arena->services;
	uint64_t freed = 0;

	for (size_t i = 0; services && i < services->shrinker_count && freed < frames; i++)
		freed += services->shrinkers[i].shrink(services->shrinkers[i].arg, frames - freed);
	return freed;
}

void lab_wait_wake_for(const struct lab_arena *arena, unsigned zone)
{
	const struct lab_arena_services *services = arena->services;

	if (services && services->reclaim_wake)
		services->reclaim_wake(services->arg, zone);
}

/* What the budget lacks to the high mark. */
static uint64_t lacking(const struct lab_zone_state *state)
{
	/* Both relaxed: only the numbers matter; who needs more later wakes the reclaimer again. */
	uint64_t budget = lab_load_relaxed(&state->budget), high = lab_load_relaxed(&state->high);

	return budget < high ? high - budget : 0;
}

bool lab_arena_reclaim(struct lab_arena *arena, enum lab_zone zone)
{
	const struct lab_zone_state *state;

	if ((unsigned)zone >= LAB_ZONE_COUNT || lab_process_is_stranger(arena))
		return false;
	state = lab_zone_state(arena, zone);
	if (!state->frames)
		return false;
	if (lab_defer_finish_one(arena, zone))
		return true;
	if (!lacking(state))
		return false;
	lab_call_enter(arena, 0);
	lab_cpu_collect(arena, zone);
	lab_call_leave(arena, 0);
	return lacking(state) && lab_wait_shrink(arena, lacking(state));
}
