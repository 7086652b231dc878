/* SPDX-License-Identifier: Apache-2.0 */
#include "core/search.h"

#include "base/bits.h"
#include "core/chunk.h"
#include "core/run.h"
#include "core/steps.h"
#include "core/wait.h"

/*
 * Blocks up to this order are taken from a zone's start on, whoever asks: what lies high stays whole. Single frames and
 * the greatest blocks, which are asked for most, do without that: they are what each CPU keeps apart.
 */
#define LOW_ORDER 8u

/* A walk round a zone's chunks in windows. */
struct round {
	uint32_t first, count, at, left;
};

/* From the hint on, where the CPU's last ones were found, apart from other CPUs'. */
static struct round round_from(const struct lab_zone_state *zone, const lab_atomic32 *hint)
{
	struct round round = {.first = zone->first_chunk, .count = zone->end_chunk - zone->first_chunk};
	uint32_t chunk = lab_load_relaxed(hint); /* a hint: any value will do */

	round.left = round.count;
	round.at = chunk >= round.first && chunk < zone->end_chunk ? chunk - round.first : 0;
	return round;
}

static struct round round_of_blocks(const struct lab_zone_state *zone, unsigned order, const lab_atomic32 *hint)
{
	struct round round = round_from(zone, hint);

	if (order > 0 && order <= LOW_ORDER)
		round.at = 0;
	return round;
}

static uint32_t round_chunk(const struct round *round, uint32_t step)
{
	uint32_t at = round->at + step;

	return round->first + (at >= round->count ? at - round->count : at);
}

static uint32_t round_window(const struct round *round)
{
	return LAB_MIN(round->left, LAB_SEARCH_WINDOW);
}

static void round_next(struct round *round)
{
	uint32_t step = round_window(round);

	round->at = (round->at + step) % round->count;
	round->left -= step;
}

/* The chunk of the window with the fewest whole words among those with a run of that order; LAB_CHUNK_NONE: none. */
static uint32_t fullest(const struct lab_arena *arena, unsigned zone, const struct round *round, unsigned order)
{
	uint32_t best = LAB_CHUNK_NONE;
	unsigned best_whole = LAB_CHUNK_WORDS + 1;

	for (uint32_t step = 0; step < round_window(round); step++) {
		uint32_t chunk = round_chunk(round, step);
		/* Relaxed: a choice; the take looks again. */
		uint64_t whole = lab_state_whole(lab_load_relaxed(lab_chunk_state(arena, chunk)));

		/* The first look is cheap: most are all in use, or one more that is all whole. */
		if (!whole || (whole == LAB_STATE_WHOLE && best != LAB_CHUNK_NONE))
			continue;
		if (!lab_run_starts(whole, order - LAB_WORD_ORDER) || lab_bits_count(whole) >= best_whole)
			continue;
		if (lab_chunk_info(arena, chunk)->zone != zone)
			continue;
		best = chunk;
		best_whole = lab_bits_count(whole);
		/* The one that served last goes on serving: comparing costs more than it brings. */
		if (step == 0)
			break;
	}
	return best;
}

/* The same, without a walk, while the chunk that served last has a run. */
static uint64_t take_from_last(const struct lab_arena *arena, unsigned zone, unsigned order, const lab_atomic32 *hint)
{
	uint32_t chunk = lab_load_relaxed(hint); /* a hint: any value will do */

	if (chunk >= arena->chunk_count || lab_chunk_info(arena, chunk)->zone != zone)
		return LAB_FRAME_NONE;
	return lab_chunk_take_great(arena, chunk, order);
}

static uint64_t search_great(const struct lab_arena *arena, unsigned zone, unsigned order, lab_atomic32 *hint)
{
	struct round round = round_of_blocks(lab_zone_state(arena, zone), order, hint);
	uint64_t last = order > LOW_ORDER ? take_from_last(arena, zone, order, hint) : LAB_FRAME_NONE;

	if (last != LAB_FRAME_NONE)
		return last;
	for (; round.left; round_next(&round)) {
		uint32_t chunk;

		while ((chunk = fullest(arena, zone, &round, order)) != LAB_CHUNK_NONE) {
			uint64_t frame = lab_chunk_take_great(arena, chunk, order);

			if (frame == LAB_FRAME_NONE)
				continue; /* another took it: its chunk has less now, so this ends */
			lab_store_relaxed(hint, chunk);
			return frame;
		}
	}
	return LAB_FRAME_NONE;
}

/* A run in the words of a chunk that are broken already. */
static uint64_t take_loose(const struct lab_arena *arena, uint32_t chunk, uint64_t loose, unsigned order)
{
	for (; loose; loose &= loose - 1) {
		uint64_t frame = lab_chunk_take_small(arena, chunk, lab_bits_first(loose), order);

		if (frame != LAB_FRAME_NONE)
			return frame;
	}
	return LAB_FRAME_NONE;
}

/* Breaks a whole word of a chunk: keeps a run of it and gives the rest back. */
static uint64_t take_broken(const struct lab_arena *arena, uint32_t chunk, unsigned order)
{
	uint64_t frame = lab_chunk_take_great(arena, chunk, LAB_WORD_ORDER);

	if (frame == LAB_FRAME_NONE)
		return frame;
	lab_chunk_give(arena, chunk, (unsigned)(frame / LAB_WORD_FRAMES % LAB_CHUNK_WORDS), ~lab_run_mask(0, order));
	lab_wait_tell(arena); /* the rest was in nobody's reach for a moment */
	return frame;
}

static uint64_t search_small(const struct lab_arena *arena, unsigned zone, unsigned order, lab_atomic32 *hint)
{
	struct round round = round_of_blocks(lab_zone_state(arena, zone), order, hint);

	for (; round.left; round_next(&round)) {
		uint64_t frame = LAB_FRAME_NONE;
		uint32_t chunk = LAB_CHUNK_NONE;

		for (uint32_t step = 0; step < round_window(&round) && frame == LAB_FRAME_NONE; step++) {
			chunk = round_chunk(&round, step);
			/* Relaxed: a choice; the take looks again. */
			uint64_t loose = lab_state_loose(lab_load_relaxed(lab_chunk_state(arena, chunk)));

			if (loose && lab_chunk_info(arena, chunk)->zone == zone)
				frame = take_loose(arena, chunk, loose, order);
		}
		while (frame == LAB_FRAME_NONE &&
		       (chunk = fullest(arena, zone, &round, LAB_WORD_ORDER)) != LAB_CHUNK_NONE)
			frame = take_broken(arena, chunk, order);
		if (frame != LAB_FRAME_NONE) {
			lab_store_relaxed(hint, chunk);
			return frame;
		}
	}
	return LAB_FRAME_NONE;
}

uint64_t lab_search_block(const struct lab_arena *arena, unsigned zone, unsigned order, lab_atomic32 *hint)
{
	return order < LAB_WORD_ORDER ? search_small(arena, zone, order, hint) : search_great(arena, zone, order, hint);
}

uint64_t lab_search_every_word(const struct lab_arena *arena, unsigned zone, unsigned order)
{
	const struct lab_zone_state *state = lab_zone_state(arena, zone);

	for (uint32_t chunk = state->first_chunk; chunk < state->end_chunk; chunk++) {
		uint64_t frame;

		if (lab_chunk_info(arena, chunk)->zone != zone)
			continue;
		frame = take_loose(arena, chunk, LAB_STATE_WHOLE, order);
		if (frame == LAB_FRAME_NONE)
			frame = take_broken(arena, chunk, order);
		if (frame != LAB_FRAME_NONE)
			return frame;
	}
	return LAB_FRAME_NONE;
}

bool lab_search_shows(const struct lab_arena *arena, unsigned zone, unsigned order)
{
	const struct lab_zone_state *state = lab_zone_state(arena, zone);
	unsigned small = LAB_MIN(order, LAB_WORD_ORDER), great = LAB_MAX(order, LAB_WORD_ORDER);

	for (uint32_t chunk = state->first_chunk; chunk < state->end_chunk; chunk++) {
		if (lab_chunk_info(arena, chunk)->zone != zone)
			continue;
		for (unsigned word = 0; word < LAB_CHUNK_WORDS && small < LAB_WORD_ORDER; word++)
			/* Both looks are the partners of who gives frames and then looks at who waits: wait.h. */
			if (lab_run_starts(lab_load_seq_cst(lab_chunk_word(arena, chunk, word)), small))
				return true;
		if (lab_run_starts(lab_state_whole(lab_load_seq_cst(lab_chunk_state(arena, chunk))),
				   great - LAB_WORD_ORDER))
			return true;
	}
	return false;
}

/* The first broken word of a chunk that has free frames. */
static uint64_t batch_loose(const struct lab_arena *arena, uint32_t chunk, uint64_t loose, unsigned *ret_word)
{
	for (; loose; loose &= loose - 1) {
		uint64_t mask = lab_chunk_take_word(arena, chunk, lab_bits_first(loose));

		*ret_word = lab_bits_first(loose);
		if (mask)
			return mask;
	}
	return 0;
}

struct lab_batch lab_search_batch(const struct lab_arena *arena, unsigned zone, lab_atomic32 *hint)
{
	struct round round = round_from(lab_zone_state(arena, zone), hint);
	struct lab_batch batch = {0};

	for (; round.left && !batch.mask; round_next(&round)) {
		for (uint32_t step = 0; step < round_window(&round) && !batch.mask; step++) {
			uint64_t loose;

			batch.chunk = round_chunk(&round, step);
			/* Relaxed: a choice; the take looks again. */
			loose = lab_state_loose(lab_load_relaxed(lab_chunk_state(arena, batch.chunk)));
			if (loose && lab_chunk_info(arena, batch.chunk)->zone == zone)
				batch.mask = batch_loose(arena, batch.chunk, loose, &batch.word);
		}
		while (!batch.mask && (batch.chunk = fullest(arena, zone, &round, LAB_WORD_ORDER)) != LAB_CHUNK_NONE) {
			uint64_t frame = lab_chunk_take_great(arena, batch.chunk, LAB_WORD_ORDER);

			if (frame == LAB_FRAME_NONE)
				continue;
			batch.word = (unsigned)(frame / LAB_WORD_FRAMES % LAB_CHUNK_WORDS);
			batch.mask = ~UINT64_C(0);
		}
	}
	if (batch.mask)
		lab_store_relaxed(hint, batch.chunk);
	return batch;
}
