/* SPDX-License-Identifier: Apache-2.0 */
#include "core/defer.h"

#include "core/budget.h"
#include "core/chunk.h"
#include "core/page.h"
#include "core/shred.h"

#define TOP_MASK UINT64_C(0xffffffff)
#define TAKEN    (UINT64_C(1) << 32)

/* The least part of a block that is overwritten by itself: the word after a block's first frame tells its order, so it
 * must not be one of the stack's. */
#define PART_ORDER 1u

static lab_atomic64 *word_of(const struct lab_arena *arena, uint64_t frame)
{
	return &arena->pages[frame].owner;
}

/* True: the stack was empty. */
static bool push(const struct lab_arena *arena, unsigned zone, uint64_t frame, unsigned order)
{
	lab_atomic64 *top = &lab_zone_state(arena, zone)->deferred;
	uint64_t seen = lab_load_relaxed(top); /* the swap below compares it */

	do
		/* Relaxed: published by the swap. */
		lab_store_relaxed(word_of(arena, frame), lab_page_deferred(order, seen & TOP_MASK));
	/*
	 * Releases the block's content and its word to `pop`. Sequentially consistent for the look at the waiters that
	 * follows: wait.h.
	 */
	while (!lab_cas_seq_cst(top, &seen, (seen & ~TOP_MASK) | (frame + 1)));
	lab_wait_tell(arena);
	return !(seen & TOP_MASK);
}

/* False: there is none. */
static bool pop(const struct lab_arena *arena, unsigned zone, uint64_t *ret_frame, unsigned *ret_order)
{
	lab_atomic64 *top = &lab_zone_state(arena, zone)->deferred;

	for (;;) {
		/* Takes the word below from `push`, and is its partner for who waits. */
		uint64_t seen = lab_load_seq_cst(top), word;

		if (!(seen & TOP_MASK))
			return false;
		/* Relaxed: after the load above; if the block was taken off since, the count has changed. */
		word = lab_load_relaxed(word_of(arena, (seen & TOP_MASK) - 1));
		*ret_frame = (seen & TOP_MASK) - 1;
		*ret_order = lab_page_deferred_order(word);
		/* Relaxed: of this top, which the count tells from all others, the load has taken what there is. */
		if (lab_cas_relaxed(top, &seen, ((seen & ~TOP_MASK) + TAKEN) | lab_page_deferred_next(word)))
			return true;
	}
}

/* The block was taken off. */
static void finish(const struct lab_arena *arena, unsigned zone, uint64_t frame, unsigned order)
{
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	uint64_t frames = UINT64_C(1) << order;

	arena->shredder->run(arena->shredder, arena->base + (frame << arena->page_shift), frames << arena->page_shift);
	/* Relaxed: published with the frames, which are given back next. */
	lab_store_relaxed(word_of(arena, frame), LAB_OWNER_NONE);
	lab_chunk_give_block(arena, lab_chunk_of(arena, frame), frame, order);
	lab_fetch_sub_relaxed(&state->deferred_frames, frames); /* a number; see lab_defer_help */
	lab_budget_give(arena, zone, frames);
}

void lab_defer_push(const struct lab_arena *arena, unsigned zone, uint64_t frame, unsigned order)
{
	/* Relaxed: a number, which is never less than what lies on the stack. */
	lab_fetch_add_relaxed(&lab_zone_state(arena, zone)->deferred_frames, UINT64_C(1) << order);
	push(arena, zone, frame, order);
}

bool lab_defer_finish_one(const struct lab_arena *arena, unsigned zone)
{
	uint64_t frame;
	unsigned order;

	if (!pop(arena, zone, &frame, &order))
		return false;
	finish(arena, zone, frame, order);
	return true;
}

bool lab_defer_help(const struct lab_arena *arena, unsigned zone, unsigned order, uint64_t floor)
{
	const struct lab_zone_state *state = lab_zone_state(arena, zone);
	uint64_t need = floor + (UINT64_C(1) << order), frame;
	unsigned taken;
	bool emptied = false;

	/* The look is the partner of `push`, for who waits. */
	while (lab_load_seq_cst(&state->deferred) & TOP_MASK) {
		/* Both relaxed: numbers, to choose by; what is taken is taken by `pop`. */
		uint64_t budget = lab_load_relaxed(&state->budget);

		if ((order == 0 && budget >= need) || budget + lab_load_relaxed(&state->deferred_frames) < need ||
		    !pop(arena, zone, &frame, &taken))
			break;
		while (order == 0 && taken > PART_ORDER && UINT64_C(1) << (taken - 1) >= need - budget) {
			taken--;
			emptied |= push(arena, zone, frame + (UINT64_C(1) << taken), taken);
		}
		finish(arena, zone, frame, taken);
	}
	return emptied;
}
