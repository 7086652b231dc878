/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_CHUNK_H
#define LAB_CORE_CHUNK_H

#include "core/layout.h"

/*
 * A chunk: 16 words of 64 frames, and a state word over them.
 *
 *   state bits  0-15  whole: all 64 frames of the word are free and are held here; the word itself is 0
 *   state bits 16-31  loose: the word may have free frames of its own
 *
 * So a free frame is told in exactly one place, and a block is an aligned run in one machine word: of order 0 to 5 in a
 * chunk word, of order 6 to 10 among the whole bits. Either is taken and given back by one compare-and-swap or one OR;
 * there is no claim over several words, and nothing to undo. Merging cannot be forgotten: who makes a word all ones is
 * the one that makes it whole, and if another takes a frame in between, the word is not all ones any more.
 *
 * `loose` errs to the safe side only: a set bit over an empty word costs a look, and a clear bit over a word with free
 * frames lasts only as long as the call that is about to set it.
 */

#define LAB_STATE_WHOLE UINT64_C(0xffff)

static inline uint64_t lab_state_whole(uint64_t state)
{
	return state & LAB_STATE_WHOLE;
}

static inline uint64_t lab_state_loose(uint64_t state)
{
	return state >> LAB_CHUNK_WORDS & LAB_STATE_WHOLE;
}

/* The frames of a chunk's word that belong to the chunk. */
uint64_t lab_chunk_word_frames(const struct lab_arena *arena, uint32_t chunk, unsigned word);

/* Takes an aligned run of 2^order frames, order 6 to 10. The first frame, or LAB_FRAME_NONE. */
uint64_t lab_chunk_take_great(const struct lab_arena *arena, uint32_t chunk, unsigned order);
/* Takes a run of order 0 to 5 from one word, without splitting a whole one. The first frame, or LAB_FRAME_NONE. */
uint64_t lab_chunk_take_small(const struct lab_arena *arena, uint32_t chunk, unsigned word, unsigned order);
/* Takes all free frames of one word, splitting it if it is whole: which ones; 0 if there were none. */
uint64_t lab_chunk_take_word(const struct lab_arena *arena, uint32_t chunk, unsigned word);

/* Gives frames of one word back; `mask` must be taken. */
void lab_chunk_give(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t mask);
/* Ends a give of that word which was cut off: tells of its frames, and makes it whole if all 64 are free. */
void lab_chunk_mend(const struct lab_arena *arena, uint32_t chunk, unsigned word);
/* Gives a block back. */
void lab_chunk_give_block(const struct lab_arena *arena, uint32_t chunk, uint64_t frame, unsigned order);

#endif
