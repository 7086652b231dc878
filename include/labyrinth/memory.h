/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_MEMORY_H
#define LABYRINTH_MEMORY_H

#include <labyrinth/arena.h>

LAB_PUBLIC_BEGIN

/*
 * Memory that goes and comes while others allocate, a span at a time. The spans are fixed at creation: all memory that
 * could ever be plugged in; each is present or absent. An absent one is a hole: nothing of it is handed out, its frames
 * are in no count of free ones, and a release of one is refused with LAB_BAD_ADDRESS.
 *
 * The arena neither waits for who looks at memory that he does not own, nor takes the backing away:
 * <labyrinth/present.h> does both, for readers under liburcu.
 */
enum lab_memory {
	LAB_MEMORY_PRESENT,
	LAB_MEMORY_CHANGING, /* a call is under way; a block may lie in it or not */
	LAB_MEMORY_ABSENT,
};

/*
 * Takes a span's frames away: LAB_OK: nobody has a frame of it, and nobody gets one until it is added. All or nothing:
 * on any other status the arena is as it was. While it goes on it takes what is free, keeps it, and looks again; those
 * that need memory meanwhile may not find what it holds. It gives up after `patience` looks in vain, one behind the
 * other; 0 is one look.
 *
 * LAB_BUSY: some frame is in use, or another call is under way for this span. LAB_NO_MEMORY: the zone would have had
 * less than its high mark free, which is to be lowered first (lab_arena_set_marks; marks stay as they are).
 * LAB_UNCHANGED: it is absent. LAB_UNSUPPORTED: processes share the arena, and who is killed in the middle would keep
 * what it took. LAB_INVALID: no such span.
 *
 * Never sleeps; lock-free, any context. Linear in the span's frames, and in deferred blocks, which it overwrites.
 */
LAB_MUST_USE enum lab_status lab_arena_memory_remove(struct lab_arena *arena, unsigned span, unsigned patience);

/*
 * Brings an absent span back: all of its frames are free, whatever they hold, and who waits for memory is woken.
 * LAB_OK; LAB_UNCHANGED: it is present; LAB_BUSY, LAB_UNSUPPORTED, LAB_INVALID as above. Lock-free, any context, linear
 * in the span's frames.
 */
LAB_MUST_USE enum lab_status lab_arena_memory_add(struct lab_arena *arena, unsigned span);

/* A span, and whether it is there just now. LAB_INVALID: no such span. Wait-free. */
LAB_MUST_USE enum lab_status lab_arena_memory(const struct lab_arena *arena, unsigned span, struct lab_span *ret_span,
					      enum lab_memory *ret_memory);

LAB_PUBLIC_END

#endif
