/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_PROCESS_H
#define LAB_CORE_PROCESS_H

#include <limits.h>

#include "core/layout.h"

/*
 * Processes that share an arena, and may be killed at any instruction.
 *
 * What a dead process had is found by looking, not by a journal: a frame that is neither free nor cached nor in a block
 * is in the hands of a call under way, and while no living process has a call under way it was in a dead one's. So the
 * reaper needs an instant at which nobody living is in a call, and that is all that a call tells: it counts itself in
 * and out, on a line that its process and CPU share with nobody.
 *
 *   gate   even: open; odd: a reaper looks. Who comes counts itself in and then looks at the gate; the reaper closes
 *          the gate and then looks at the counts. So one of the two sees the other: sequentially consistent, all four.
 *
 * Who finds the gate closed counts itself out again and waits, for as long as a look at some thousand words may take;
 * then it opens the gate itself and goes on. A reaper that finds the gate opened believes nothing of what it saw, and
 * looks again. So nobody waits for a reaper that was killed, or stopped, in the middle.
 *
 * Closing it stops nobody who is in a call, and nothing is changed behind it: what the reaper saw, if the gate was
 * closed throughout, is about frames that no living process has, and stays true.
 */

#define LAB_GATE_CLOSED  1u
#define LAB_PROCESS_NONE UINT_MAX /* a handle's process, in an arena that processes share, before it joins */

/*
 * A process has a place, from 1 to process_count, and a number that tells it from those who had the place before:
 *
 *   number = how often the place was taken << 7 | place
 *   life   = number << 2 | enum lab_process_life
 */
enum lab_process_life { LAB_PROCESS_FREE, LAB_PROCESS_ALIVE, LAB_PROCESS_DEAD };
#define LAB_PROCESS_LIFE UINT64_C(3)

/* A line of its own for each place, and for each CPU in it: of a place its life, of a CPU the calls under way. */
struct lab_process_line {
	_Alignas(LAB_CACHE_LINE) lab_atomic64 value;
};

static inline struct lab_process_line *lab_process_line(const struct lab_arena *arena, unsigned place)
{
	return (struct lab_process_line *)arena->processes + (size_t)(place - 1) * (arena->state->cpu_count + 1u);
}

static inline lab_atomic64 *lab_process_life(const struct lab_arena *arena, unsigned place)
{
	return &lab_process_line(arena, place)->value;
}

static inline uint64_t lab_process_life_of(uint64_t number, enum lab_process_life life)
{
	return number << 2 | life;
}

static inline unsigned lab_process_place(uint64_t number)
{
	return (unsigned)(number % LAB_PROCESS_PLACES);
}

static inline lab_atomic64 *lab_process_calls(const struct lab_arena *arena, unsigned place, unsigned cpu)
{
	return &lab_process_line(arena, place)[1 + cpu].value;
}

/* True for a handle that must not allocate or release: nobody could tell what it has in hand. */
static inline bool lab_process_is_stranger(const struct lab_arena *arena)
{
	return arena->process == LAB_PROCESS_NONE;
}

/* How a call comes in and goes where the handle joined a shared arena. Lock-free. */
void lab_process_come(const struct lab_arena *arena, unsigned cpu);
void lab_process_go(const struct lab_arena *arena, unsigned cpu);

/* Around whatever may have frames in hand. They nest, in interrupts. One branch where an arena is one process' own. */
static inline void lab_call_enter(const struct lab_arena *arena, unsigned cpu)
{
	if (__builtin_expect(arena->process != 0, 0))
		lab_process_come(arena, cpu);
}

static inline void lab_call_leave(const struct lab_arena *arena, unsigned cpu)
{
	if (__builtin_expect(arena->process != 0, 0))
		lab_process_go(arena, cpu);
}

/*
 * Closes the gate and waits until no living process is in a call. *ret_look: for lab_gate_open. LAB_BUSY: some call did
 * not end, and the gate is open again. By who holds the reaper's place.
 */
LAB_MUST_USE enum lab_status lab_gate_close(const struct lab_arena *arena, uint64_t *ret_look);
/* Opens it. True: it was closed until now, and what was seen behind it holds. */
bool lab_gate_open(const struct lab_arena *arena, uint64_t look);

#endif
