/* SPDX-License-Identifier: Apache-2.0 */
#include "core/process.h"

#include "core/steps.h"

#define WAIT 4096u /* looks at a call under way, before the reaper gives up for now */

enum lab_status lab_arena_join(struct lab_arena *arena, unsigned *ret_process)
{
	if (!lab_process_is_stranger(arena))
		return arena->process ? LAB_UNCHANGED : LAB_UNSUPPORTED;
	for (unsigned place = 1; place <= arena->state->process_count; place++) {
		uint64_t seen = lab_load_relaxed(lab_process_life(arena, place)); /* the swap below compares it */
		unsigned number = (unsigned)((seen >> 2) / LAB_PROCESS_PLACES + 1) * LAB_PROCESS_PLACES + place;

		if ((seen & LAB_PROCESS_LIFE) != LAB_PROCESS_FREE)
			continue;
		/* Takes the counts, all 0, from who left the place: lab_arena_leave, clear_place. */
		if (lab_cas_acquire(lab_process_life(arena, place), &seen,
				    lab_process_life_of(number, LAB_PROCESS_ALIVE))) {
			arena->process = number;
			*ret_process = number;
			return LAB_OK;
		}
	}
	return LAB_BUSY;
}

void lab_arena_leave(struct lab_arena *arena)
{
	if (!arena->process || lab_process_is_stranger(arena))
		return;
	/* Gives the counts, which the calls left at 0, to who joins next. */
	lab_store_release(lab_process_life(arena, lab_process_place(arena->process)),
			  lab_process_life_of(arena->process, LAB_PROCESS_FREE));
	arena->process = LAB_PROCESS_NONE;
}

/* Waits for the gate to open, but not for long. */
static void wait_patiently(const struct lab_arena *arena, uint64_t look)
{
	/* Relaxed: only whom a gate is closed by. What this call interrupted does not go on before it ends. */
	if (lab_load_relaxed(&arena->state->reaper) == arena->process)
		return;
	/* Relaxed: who comes in looks again. */
	for (unsigned i = 0; i < LAB_GATE_LOOKS + arena->chunk_count && lab_load_relaxed(&arena->state->gate) == look;
	     i++)
		lab_cpu_pause();
}

void lab_process_come(const struct lab_arena *arena, unsigned cpu)
{
	lab_atomic64 *calls = lab_process_calls(arena, lab_process_place(arena->process), cpu),
		     *gate = &arena->state->gate;
	bool waited = false;

	for (;;) {
		uint64_t look;

		/* The partners of lab_gate_close, both: process.h. */
		lab_fetch_add_seq_cst(calls, 1);
		look = lab_load_seq_cst(gate);
		if (!(look & LAB_GATE_CLOSED))
			return;
		/*
		 * Nobody waits twice: it opens the gate. Whatever this call writes comes after that, for who reads any
		 * of it behind the fence in lab_gate_open. Relaxed: the fence orders the swap as well, and the next
		 * reaper, who closes the gate after the look above, sees the count.
		 */
		if (waited && lab_cas_relaxed(gate, &look, look + 1)) {
			lab_fence_release();
			return;
		}
		lab_process_go(arena, cpu);
		if (!waited)
			wait_patiently(arena, look);
		waited = true;
	}
}

void lab_process_go(const struct lab_arena *arena, unsigned cpu)
{
	/* Releases all that the call did to the reaper, which finds nobody here: is_quiet. */
	lab_fetch_sub_release(lab_process_calls(arena, lab_process_place(arena->process), cpu), 1);
}

/* True when a CPU's calls of a process have ended, or do so soon. */
static bool is_quiet(const lab_atomic64 *calls)
{
	for (unsigned i = 0; i < WAIT; i++) {
		/* The partner of lab_process_come; takes what the calls did from lab_process_go. */
		if (lab_load_seq_cst(calls) == 0)
			return true;
		lab_cpu_pause();
	}
	return false;
}

static bool all_quiet(const struct lab_arena *arena)
{
	for (unsigned place = 1; place <= arena->state->process_count; place++) {
		/*
		 * Relaxed: who declared it dead is this reaper, or one before. Not asked whether anybody is there: who
		 * joined just now, and is in a call, may seem not to be, but its count does not.
		 */
		if ((lab_load_relaxed(lab_process_life(arena, place)) & LAB_PROCESS_LIFE) == LAB_PROCESS_DEAD)
			continue;
		for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
			if (!is_quiet(lab_process_calls(arena, place, cpu)))
				return false;
	}
	return true;
}

enum lab_status lab_gate_close(const struct lab_arena *arena, uint64_t *ret_look)
{
	lab_atomic64 *gate = &arena->state->gate;
	uint64_t seen = lab_load_relaxed(gate), look; /* the swap below compares it */

	/* A number that nobody waits at: a dead reaper may have left it closed. The partner of lab_process_come. */
	do
		look = (seen + 2) | LAB_GATE_CLOSED;
	while (!lab_cas_seq_cst(gate, &seen, look));
	if (!all_quiet(arena)) {
		(void)lab_gate_open(arena, look);
		return LAB_BUSY;
	}
	*ret_look = look;
	return LAB_OK;
}

bool lab_gate_open(const struct lab_arena *arena, uint64_t look)
{
	/* Who wrote what was read behind the gate opened it first: see lab_process_come. */
	lab_fence_acquire();
	/* Releases nothing: behind the gate nobody writes. */
	return lab_cas_relaxed(&arena->state->gate, &look, look + 1);
}
