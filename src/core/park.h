/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_PARK_H
#define LAB_CORE_PARK_H

#include "core/page.h"

/*
 * Parked frames: how a release and the next allocation are paid with one compare-and-swap each. A frame whose half-word
 * a slot of the CPU names is released by making its owner's word say "parked with that CPU", in the same swap that ends
 * the ownership; it is taken by making that word 0. So a parked frame is told in one place, its own word, and it is
 * free for whoever finds it: the CPU itself, an interrupt, or another CPU that finds the zone short.
 *
 * It is found by way of the slot, whose mark says that frames of its half-word may be parked. Who releases parks the
 * frame and then looks at the slot: that must name the half-word and have the mark. A mark that is not there is set;
 * where the slot names another by now, the frame is taken back and given to its chunk. Who clears a mark, or the name
 * with it, looks at the words of all 32 frames afterwards, and has all that it finds.
 *
 * Each writes one thing and then looks at the other's, so one of them sees the other: the four steps are sequentially
 * consistent. A mark errs to the safe side: one that stays over a half-word without parked frames costs a look.
 */

/* The owner's word of a frame that is parked. Read as a second frame's it tells of order 0. */
static inline uint64_t lab_park_word(unsigned cpu, unsigned zone)
{
	return LAB_PAGE_SECOND | (uint64_t)zone << 32 | (uint64_t)cpu << 8;
}

/* A half-word, as slots name it. */
struct lab_half {
	uint32_t chunk;
	unsigned word, upper; /* of the chunk; 1: the word's upper half */
	uint64_t first_frame;
};

static inline uint64_t lab_half_number(uint32_t chunk, uint64_t frame)
{
	return (uint64_t)chunk * 2 * LAB_CHUNK_WORDS + frame / LAB_HALF_FRAMES % (2 * LAB_CHUNK_WORDS);
}

static inline struct lab_half lab_half_of(const struct lab_arena *arena, uint64_t number)
{
	uint32_t chunk = (uint32_t)(number / (2 * LAB_CHUNK_WORDS));
	unsigned at = (unsigned)(number % (2 * LAB_CHUNK_WORDS));

	return (struct lab_half){.chunk = chunk,
				 .word = at / 2,
				 .upper = at % 2,
				 .first_frame = lab_chunk_base(arena, chunk) + at * LAB_HALF_FRAMES};
}

/* Takes a frame if it is parked with the CPU. Lock-free. */
static inline bool lab_park_take(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frame)
{
	lab_atomic64 *word = &arena->pages[frame].owner;
	uint64_t parked = lab_park_word(cpu, zone);

	/*
	 * A look first. Partner of lab_quick_free: for who has cleared a mark (above), and for who waits (wait.h). The
	 * swap takes the frame's content from there.
	 */
	return lab_load_seq_cst(word) == parked && lab_cas_acquire(word, &parked, LAB_OWNER_NONE);
}

/* Takes one frame of a half-word that is parked with the CPU, the next from that bit on, else LAB_FRAME_NONE. */
uint64_t lab_park_take_any(const struct lab_arena *arena, unsigned cpu, uint64_t half, unsigned bit);
/* Takes all of them: which. */
uint32_t lab_park_take_all(const struct lab_arena *arena, unsigned cpu, uint64_t half);
/* Which there are just now. Wait-free. */
uint32_t lab_park_look(const struct lab_arena *arena, unsigned cpu, uint64_t half);

#endif
