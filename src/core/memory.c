/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/memory.h>

#include "base/bits.h"
#include "core/budget.h"
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/defer.h"
#include "core/memory.h"
#include "core/page.h"

/*
 * Memory that goes and comes. Nothing in an arena knows of absent frames but their own words: they are frames that were
 * taken, by way of the budget like any others, and not given back. So who allocates and who releases are asked nothing
 * more, and no frame can be lost between the two: it is free, or somebody's, or says itself that it is absent.
 *
 * Who removes a span takes a word's free frames as a refill does. What it takes it marks, which is its list: what has
 * no mark yet is in use, in a cache, or in the hands of a call under way. Frames are parked, cached and deferred again
 * while it looks, so each look begins with emptying what they lie in.
 *
 * The span's own word keeps two of these calls apart, and nobody else goes by it.
 */

/* The frames of a word that are marked, or that are not. */
static uint64_t frames_that(const struct lab_arena *arena, uint32_t chunk, unsigned word, bool marked)
{
	uint64_t frames = lab_chunk_word_frames(arena, chunk, word), found = 0;
	uint64_t base = lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES;

	for (; frames; frames &= frames - 1) {
		/* Relaxed: nobody but who changes the span writes a mark, and none is written over but by him. */
		uint64_t owner = lab_load_relaxed(&arena->pages[base + lab_bits_first(frames)].owner);

		if ((owner == LAB_PAGE_ABSENT) == marked)
			found |= frames & -frames;
	}
	return found;
}

/* Writes what the words of the caller's frames say. */
static void mark(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t frames, uint64_t owner)
{
	uint64_t base = lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES;

	for (; frames; frames &= frames - 1)
		/* Relaxed: the caller has them, and a give publishes them. Who has none of them and looks all the same
		 * is right to see either. */
		lab_store_relaxed(&arena->pages[base + lab_bits_first(frames)].owner, owner);
}

static uint64_t free_frames_of(const struct lab_arena *arena, uint32_t chunk, unsigned word)
{
	/* Relaxed, both: how many to ask the budget for; what is taken is taken below. */
	if (lab_state_whole(lab_load_relaxed(lab_chunk_state(arena, chunk))) >> word & 1)
		return ~UINT64_C(0);
	return lab_load_relaxed(lab_chunk_word(arena, chunk, word));
}

/* Takes and marks what is free of a word. LAB_NO_MEMORY: the zone would have less than its high mark. */
static enum lab_status take_word(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t *ret_count)
{
	unsigned zone = lab_chunk_info(arena, chunk)->zone;
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	uint64_t count = lab_bits_count(free_frames_of(arena, chunk, word)), frames, excess = 0;

	*ret_count = 0;
	if (!count)
		return LAB_OK;
	/* Relaxed: a mark stands alone. */
	if (!lab_budget_take(state, count, lab_load_relaxed(&state->high)))
		return LAB_NO_MEMORY;
	frames = lab_chunk_take_word(arena, chunk, word);
	for (; lab_bits_count(frames) > count; frames &= frames - 1)
		excess |= frames & -frames;
	if (excess) {
		/* They came since the look, and the budget may have promised them to others. */
		lab_chunk_give(arena, chunk, word, excess);
		lab_wait_tell(arena);
	}
	mark(arena, chunk, word, frames, LAB_PAGE_ABSENT);
	*ret_count = lab_bits_count(frames);
	if (*ret_count < count)
		lab_budget_give(arena, zone, count - *ret_count);
	return LAB_OK;
}

/* Gives all marked frames of a span back. */
static void give_marked(const struct lab_arena *arena, unsigned span)
{
	for (uint32_t chunk = lab_memory_first_chunk(arena, span); chunk < lab_memory_first_chunk(arena, span + 1);
	     chunk++)
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++) {
			uint64_t frames = frames_that(arena, chunk, word, true);

			if (!frames)
				continue;
			mark(arena, chunk, word, frames, LAB_OWNER_NONE);
			lab_chunk_give(arena, chunk, word, frames);
			/* After the frames, as all who give. */
			lab_budget_give(arena, lab_chunk_info(arena, chunk)->zone, lab_bits_count(frames));
		}
}

/* One look: *ret_left: frames of the span that somebody else has, *ret_got: taken now. */
static enum lab_status look(const struct lab_arena *arena, unsigned span, uint64_t *ret_left, uint64_t *ret_got)
{
	uint32_t first = lab_memory_first_chunk(arena, span), end = lab_memory_first_chunk(arena, span + 1);
	unsigned zone = lab_chunk_info(arena, first)->zone;

	*ret_left = *ret_got = 0;
	lab_cpu_collect(arena, zone);
	while (lab_defer_finish_one(arena, zone))
		;
	for (uint32_t chunk = first; chunk < end; chunk++)
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++) {
			uint64_t left = lab_bits_count(frames_that(arena, chunk, word, false)), got;
			enum lab_status status = left ? take_word(arena, chunk, word, &got) : LAB_OK;

			if (status)
				return status;
			*ret_left += left ? left - got : 0;
			*ret_got += left ? got : 0;
		}
	return LAB_OK;
}

static enum lab_status take_all(const struct lab_arena *arena, unsigned span, unsigned patience)
{
	uint64_t left, got;

	/* Each look but `patience` of them takes a frame, so this ends. */
	for (unsigned idle = 0; idle <= patience; idle = got ? 0 : idle + 1) {
		enum lab_status status = look(arena, span, &left, &got);

		if (status)
			return status;
		if (!left)
			return LAB_OK;
		lab_cpu_pause();
	}
	return LAB_BUSY;
}

/* The caller changes the span alone; LAB_OK, or why not. */
static enum lab_status begin(const struct lab_arena *arena, unsigned span, enum lab_memory from)
{
	uint32_t seen = from;

	if (span >= arena->span_count)
		return LAB_INVALID;
	if (arena->state->process_count)
		return LAB_UNSUPPORTED;
	/* Takes the marks from the last change: end. */
	if (lab_cas_acquire(&lab_memory_span(arena, span)->memory, &seen, LAB_MEMORY_CHANGING))
		return LAB_OK;
	return seen == LAB_MEMORY_CHANGING ? LAB_BUSY : LAB_UNCHANGED;
}

static void end(const struct lab_arena *arena, unsigned span, enum lab_memory memory)
{
	/* Releases the marks to the next change: begin. */
	lab_store_release(&lab_memory_span(arena, span)->memory, memory);
}

enum lab_status lab_arena_memory_remove(struct lab_arena *arena, unsigned span, unsigned patience)
{
	enum lab_status status = begin(arena, span, LAB_MEMORY_PRESENT);

	if (status)
		return status;
	status = take_all(arena, span, patience);
	if (status)
		give_marked(arena, span);
	else
		/* Relaxed: a number for who looks on. */
		lab_fetch_add_relaxed(&lab_memory_zone(arena, span)->absent, lab_memory_frames(arena, span));
	end(arena, span, status ? LAB_MEMORY_PRESENT : LAB_MEMORY_ABSENT);
	return status;
}

enum lab_status lab_arena_memory_add(struct lab_arena *arena, unsigned span)
{
	enum lab_status status = begin(arena, span, LAB_MEMORY_ABSENT);

	if (status)
		return status;
	/* Relaxed: the same. */
	lab_fetch_sub_relaxed(&lab_memory_zone(arena, span)->absent, lab_memory_frames(arena, span));
	give_marked(arena, span);
	end(arena, span, LAB_MEMORY_PRESENT);
	return LAB_OK;
}

void lab_memory_begin_absent(const struct lab_arena *arena, unsigned span)
{
	for (uint32_t chunk = lab_memory_first_chunk(arena, span); chunk < lab_memory_first_chunk(arena, span + 1);
	     chunk++)
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
			mark(arena, chunk, word, lab_chunk_word_frames(arena, chunk, word), LAB_PAGE_ABSENT);
	/* Relaxed, both: nobody else knows the arena yet. */
	lab_fetch_add_relaxed(&lab_memory_zone(arena, span)->absent, lab_memory_frames(arena, span));
	lab_store_relaxed(&lab_memory_span(arena, span)->memory, LAB_MEMORY_ABSENT);
}

enum lab_status lab_arena_memory(const struct lab_arena *arena, unsigned span, struct lab_span *ret_span,
				 enum lab_memory *ret_memory)
{
	const struct lab_chunk_info *first;

	if (span >= arena->span_count)
		return LAB_INVALID;
	first = lab_chunk_info(arena, lab_memory_first_chunk(arena, span));
	*ret_span = (struct lab_span){first->first_frame, lab_memory_frames(arena, span), (enum lab_zone)first->zone};
	/* Relaxed: true at that instant. */
	*ret_memory = (enum lab_memory)lab_load_relaxed(&lab_memory_span(arena, span)->memory);
	return LAB_OK;
}
