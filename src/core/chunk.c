/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chunk.h"

#include "base/assert.h"
#include "base/bits.h"
#include "core/run.h"

/*
 * Orders. A frame's content goes from its last owner to the next along the words: every give releases and every take
 * acquires, on the word or on the state, and all changes of both are read-modify-writes, so a take also acquires what
 * gives before the last one released.
 */

uint64_t lab_chunk_word_frames(const struct lab_arena *arena, uint32_t chunk, unsigned word)
{
	const struct lab_chunk_info *info = lab_chunk_info(arena, chunk);
	uint64_t first = lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES, end = first + LAB_WORD_FRAMES;
	uint64_t from = LAB_MAX(first, (uint64_t)info->first_frame), to = LAB_MIN(end, (uint64_t)info->end_frame);

	return from < to ? lab_bits_low((unsigned)(to - from)) << (from - first) : 0;
}

static uint64_t loose_bit(unsigned word)
{
	return UINT64_C(1) << (LAB_CHUNK_WORDS + word);
}

static uint64_t whole_bits(unsigned word, unsigned order)
{
	return lab_run_mask(word, order - LAB_WORD_ORDER);
}

/* The state after the word, which is 0 and all of whose frames the caller holds, is made whole. */
static uint64_t state_with_whole(uint64_t state, unsigned word)
{
	return (state | whole_bits(word, LAB_WORD_ORDER)) & ~loose_bit(word);
}

uint64_t lab_chunk_take_great(const struct lab_arena *arena, uint32_t chunk, unsigned order)
{
	lab_atomic64 *state = lab_chunk_state(arena, chunk);
	uint64_t seen = lab_load_relaxed(state); /* the swap below compares it */

	for (;;) {
		uint64_t starts = lab_run_starts(lab_state_whole(seen), order - LAB_WORD_ORDER);
		unsigned word;

		if (!starts)
			return LAB_FRAME_NONE;
		word = lab_bits_first(starts);
		/* Takes the content that the block's last owners released in make_whole and lab_chunk_give_block. */
		if (lab_cas_acquire(state, &seen, seen & ~whole_bits(word, order)))
			return lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES;
	}
}

/*
 * The caller made the word 0 and withdraws its loose bit. If a give turned the word to non-zero meanwhile, either its
 * OR of the state comes later and sets the bit again, or it came before: then the AND, which acquires that OR, makes
 * the look at the word see the frame.
 */
static void withdraw_loose(lab_atomic64 *state, lab_atomic64 *frames, unsigned word)
{
	lab_fetch_and_acq_rel(state,
			      ~loose_bit(word)); /* acquires announce_loose's OR, releases our emptying the word */
	if (lab_load_relaxed(frames))            /* ordered by the AND */
		lab_fetch_or_acq_rel(state, loose_bit(word));
}

uint64_t lab_chunk_take_small(const struct lab_arena *arena, uint32_t chunk, unsigned word, unsigned order)
{
	lab_atomic64 *frames = lab_chunk_word(arena, chunk, word);
	uint64_t seen = lab_load_relaxed(frames); /* the swap below compares it */

	for (;;) {
		uint64_t starts = lab_run_starts(seen, order), mask;

		if (!starts) {
			if (!seen)
				withdraw_loose(lab_chunk_state(arena, chunk), frames, word);
			return LAB_FRAME_NONE;
		}
		mask = lab_run_mask(lab_bits_first(starts), order);
		/* Takes the content that the last owners released in lab_chunk_give. */
		if (lab_cas_acq_rel(frames, &seen, seen & ~mask)) {
			if (!(seen & ~mask))
				withdraw_loose(lab_chunk_state(arena, chunk), frames, word);
			return lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES + lab_bits_first(starts);
		}
	}
}

uint64_t lab_chunk_take_word(const struct lab_arena *arena, uint32_t chunk, unsigned word)
{
	lab_atomic64 *state = lab_chunk_state(arena, chunk), *frames = lab_chunk_word(arena, chunk, word);
	uint64_t whole = whole_bits(word, LAB_WORD_ORDER), mask;

	/* A look first, since both ends of a swap cost; both swaps take content as in the functions above. */
	if (lab_load_relaxed(state) & whole && lab_fetch_and_acq_rel(state, ~whole) & whole)
		return ~UINT64_C(0);
	if (!lab_load_relaxed(frames))
		return 0;
	mask = lab_exchange_acq_rel(frames, 0);
	withdraw_loose(state, frames, word);
	return mask;
}

static void announce_loose(lab_atomic64 *state, unsigned word)
{
	/* Always a write, set or not: withdraw_loose depends on one of the two coming second. Releases the word's OR.
	 */
	lab_fetch_or_acq_rel(state, loose_bit(word));
}

/* All 64 frames are the caller's and the word is 0. */
static void make_whole(lab_atomic64 *state, unsigned word)
{
	uint64_t seen = lab_load_relaxed(state);

	/*
	 * Releases the frames' content, also that of earlier gives, which the caller acquired, to who takes the run.
	 * Sequentially consistent as in lab_chunk_give.
	 */
	while (!lab_cas_seq_cst(state, &seen, state_with_whole(seen, word)))
		;
}

void lab_chunk_give(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t mask)
{
	lab_atomic64 *state = lab_chunk_state(arena, chunk), *frames = lab_chunk_word(arena, chunk, word);
	uint64_t before, all = ~UINT64_C(0);

	if (mask == all) {
		make_whole(state, word);
		return;
	}
	/*
	 * Releases the content to the next taker; acquires what earlier gives released, for make_whole to pass on.
	 * Sequentially consistent for a look at the waiters that follows: wait.h.
	 */
	before = lab_fetch_or_seq_cst(frames, mask);
	lab_assert_cmp(before & mask, ==, 0);
	if ((before | mask) == all) {
		/* Who makes a word all ones merges it, unless a frame was taken since: then that frame's give will. */
		if (lab_cas_acq_rel(frames, &all, 0)) {
			make_whole(state, word);
			return;
		}
	}
	if (!before)
		announce_loose(state, word);
}

void lab_chunk_mend(const struct lab_arena *arena, uint32_t chunk, unsigned word)
{
	lab_atomic64 *frames = lab_chunk_word(arena, chunk, word);
	uint64_t all = ~UINT64_C(0);

	/* As in lab_chunk_give, which was cut off in the middle. */
	if (lab_load_relaxed(frames) == all && lab_cas_acq_rel(frames, &all, 0))
		make_whole(lab_chunk_state(arena, chunk), word);
	else
		announce_loose(lab_chunk_state(arena, chunk), word);
}

void lab_chunk_give_block(const struct lab_arena *arena, uint32_t chunk, uint64_t frame, unsigned order)
{
	unsigned word = (unsigned)(frame / LAB_WORD_FRAMES % LAB_CHUNK_WORDS);

	if (order < LAB_WORD_ORDER) {
		lab_chunk_give(arena, chunk, word, lab_run_mask(frame % LAB_WORD_FRAMES, order));
		return;
	}
	/* Releases the block's content to who takes the run. Its words are 0 while it is out, so no loose bit matters.
	 */
	uint64_t before = lab_fetch_or_acq_rel(lab_chunk_state(arena, chunk), whole_bits(word, order));

	lab_assert_cmp(lab_state_whole(before) & whole_bits(word, order), ==, 0);
}
