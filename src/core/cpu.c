/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpu.h"

#include "base/bits.h"
#include "core/budget.h"
#include "core/chunk.h"

/*
 * Orders. A slot's frames carry their content as a chunk's words do: who puts frames in releases, who takes them out
 * acquires, and all changes of a slot are read-modify-writes. An empty slot still names a half-word, 0 at first, and
 * keeps that one's frames.
 */

static uint64_t slot_make(uint64_t half, uint32_t mask)
{
	return half << 33 | mask;
}

/* Nothing is in it, and nothing is parked by it. */
static bool slot_is_empty(uint64_t slot)
{
	return !(slot & (LAB_SLOT_MARK | UINT32_MAX));
}

/* Gives frames of a half-word back to their chunk and the budget. */
static void give_back(const struct lab_arena *arena, unsigned zone, uint64_t number, uint32_t mask)
{
	struct lab_half half = lab_half_of(arena, number);

	if (!mask)
		return;
	lab_chunk_give(arena, half.chunk, half.word, (uint64_t)mask << (half.upper * LAB_HALF_FRAMES));
	lab_budget_give(arena, zone, lab_bits_count(mask));
}

/* The same for what a slot had, and what was parked by it. The slot has neither any more. */
static void slot_return(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t slot)
{
	uint32_t mask = lab_slot_mask(slot);

	if (lab_slot_is_marked(slot))
		mask |= lab_park_take_all(arena, cpu, lab_slot_half(slot));
	give_back(arena, zone, lab_slot_half(slot), mask);
}

/* A slot whose frames are all handed out, as far as anybody saw, loses its mark. What is parked all the same is taken.
 */
static uint64_t slot_unmark(const struct lab_arena *arena, unsigned cpu, unsigned zone, lab_atomic64 *slot)
{
	uint64_t seen = lab_load_relaxed(slot), half = lab_slot_half(seen); /* the swap below compares it */
	uint32_t mask;

	/* Partner of lab_cpu_settle: what it parked under the mark is seen in the look that follows. */
	if (lab_slot_mask(seen) || !lab_slot_is_marked(seen) || !lab_cas_seq_cst(slot, &seen, seen & ~LAB_SLOT_MARK))
		return LAB_FRAME_NONE;
	mask = lab_park_take_all(arena, cpu, half);
	if (!mask)
		return LAB_FRAME_NONE;
	give_back(arena, zone, half, mask & (mask - 1));
	return lab_half_of(arena, half).first_frame + lab_bits_first(mask);
}

uint64_t lab_slot_take(const struct lab_arena *arena, lab_atomic64 *slot)
{
	uint64_t seen = lab_load_relaxed(slot); /* the swap below compares it */

	while (lab_slot_mask(seen)) {
		/* Takes the frame's content from who put it in: keep, slot_replace. */
		if (lab_cas_acquire(slot, &seen, seen & (seen - 1)))
			return lab_half_of(arena, lab_slot_half(seen)).first_frame +
			       lab_bits_first(lab_slot_mask(seen));
	}
	return LAB_FRAME_NONE;
}

/* Takes a frame from a slot, or one that is parked by it, from that bit on. */
static uint64_t slot_take(const struct lab_arena *arena, unsigned cpu, unsigned zone, lab_atomic64 *slot, unsigned bit)
{
	uint64_t frame = lab_slot_take(arena, slot), seen;

	if (frame != LAB_FRAME_NONE)
		return frame;
	seen = lab_load_relaxed(slot); /* slot_unmark looks again */
	if (!lab_slot_is_marked(seen))
		return LAB_FRAME_NONE;
	frame = lab_park_take_any(arena, cpu, lab_slot_half(seen), bit);
	return frame == LAB_FRAME_NONE ? slot_unmark(arena, cpu, zone, slot) : frame;
}

/* Takes a frame from the first slot that has one, from that frame's place on. */
static uint64_t take_onward(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t from)
{
	for (unsigned i = 0; i < arena->slot_count; i++) {
		lab_atomic64 *slot = lab_cpu_slot_for(arena, cpu, zone, from + i * LAB_HALF_FRAMES);
		uint64_t frame;

		/* Relaxed: a choice; the take looks again. */
		if (slot_is_empty(lab_load_relaxed(slot)))
			continue;
		frame = slot_take(arena, cpu, zone, slot, from % LAB_HALF_FRAMES);
		if (frame != LAB_FRAME_NONE)
			return frame;
	}
	return LAB_FRAME_NONE;
}

uint64_t lab_cpu_ask(const struct lab_arena *arena, unsigned zone, uint64_t frame, unsigned order, uint64_t floor)
{
	/*
	 * Asked with the frame in hand: then it and the budget are free at one instant. Before, the budget could pass,
	 * go below the floor, and only then an interrupt free the frame.
	 */
	if (lab_budget_allows(lab_zone_state(arena, zone), floor))
		return frame;
	lab_chunk_give_block(arena, lab_chunk_of(arena, frame), frame, order);
	lab_budget_give(arena, zone, UINT64_C(1) << order);
	return LAB_FRAME_NONE;
}

uint64_t lab_cpu_hit(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t floor)
{
	/* Relaxed: a hint. */
	uint64_t frame = lab_load_relaxed(&lab_cpu_zone(arena, cpu, zone)->hint_cached);

	if (!lab_park_take(arena, cpu, zone, frame))
		frame = take_onward(arena, cpu, zone, frame);
	if (frame == LAB_FRAME_NONE)
		return frame;
	lab_cpu_hint(arena, cpu, zone, frame + 1);
	return lab_cpu_ask(arena, zone, frame, 0, floor);
}

/* Into a slot, in place of what it has; or back to all where the slot is closed, which only the swap can tell. */
static void slot_replace(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t with)
{
	uint64_t first = lab_half_of(arena, lab_slot_half(with)).first_frame;
	lab_atomic64 *slot = lab_cpu_slot_for(arena, cpu, zone, first);
	uint64_t seen = lab_load_relaxed(slot); /* the swap below compares it */

	while (seen != LAB_SLOT_CLOSED) {
		/*
		 * Releases the new frames to lab_slot_take; takes the old ones, which an interrupt may have put there.
		 * Sequentially consistent for a look at what is parked (park.h), and for who stocks, and looks at the
		 * waiters next: wait.h.
		 */
		if (lab_cas_seq_cst(slot, &seen, with)) {
			lab_cpu_hint(arena, cpu, zone, first);
			slot_return(arena, cpu, zone, seen);
			return;
		}
	}
	slot_return(arena, cpu, zone, with);
}

/* Empties a slot; one that is closed stays so. */
static void slot_empty(const struct lab_arena *arena, unsigned cpu, unsigned zone, lab_atomic64 *slot)
{
	/* A look first: an empty slot is not written. Partner, for who waits, of keep and lab_cpu_settle: wait.h. */
	uint64_t seen = lab_load_seq_cst(slot);

	while (!slot_is_empty(seen)) {
		/* Takes the frames' content from who put them in: keep, slot_replace. Sequentially consistent
		 * for the look at what is parked: park.h. */
		if (lab_cas_seq_cst(slot, &seen, 0)) {
			slot_return(arena, cpu, zone, seen);
			return;
		}
	}
}

void lab_cpu_stock(const struct lab_arena *arena, unsigned cpu, unsigned zone, const struct lab_batch *batch)
{
	uint64_t half = lab_half_number(batch->chunk, batch->word * LAB_WORD_FRAMES);

	/* The lower half last: what comes next is taken from there. */
	for (unsigned upper = 2; upper-- > 0;) {
		uint32_t mask = (uint32_t)(batch->mask >> (upper * LAB_HALF_FRAMES));

		if (mask)
			slot_replace(arena, cpu, zone, slot_make(half + upper, mask));
	}
	lab_wait_tell(arena);
}

void lab_cpu_settle(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame)
{
	unsigned zone = lab_chunk_info(arena, chunk)->zone;
	lab_atomic64 *slot = lab_cpu_slot_for(arena, cpu, zone, frame);
	uint64_t half = lab_half_number(chunk, frame);
	uint64_t seen = lab_load_seq_cst(slot); /* partner of who clears a mark: park.h */

	while (lab_slot_half(seen) == half) {
		/* Sequentially consistent for the look at the waiters that follows: wait.h. */
		if (lab_slot_is_marked(seen) || lab_cas_seq_cst(slot, &seen, seen | LAB_SLOT_MARK)) {
			lab_cpu_note_cached(arena, cpu, zone, frame);
			return;
		}
	}
	/* Nobody finds it there. If somebody did before, it is taken. */
	if (lab_park_take(arena, cpu, zone, frame))
		give_back(arena, zone, half, UINT32_C(1) << frame % LAB_HALF_FRAMES);
}

/* Puts a released frame into its slot; false: there is no room. */
static bool keep(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame)
{
	unsigned zone = lab_chunk_info(arena, chunk)->zone;
	lab_atomic64 *slot = lab_cpu_slot_for(arena, cpu, zone, frame);
	uint64_t half = lab_half_number(chunk, frame), bit = UINT64_C(1) << frame % LAB_HALF_FRAMES;
	uint64_t seen = lab_load_relaxed(slot); /* the swap below compares it */

	/* In place of another half-word too, if that has nothing but what may be parked. */
	while (lab_slot_half(seen) == half || (!lab_slot_mask(seen) && seen != LAB_SLOT_CLOSED)) {
		bool named = lab_slot_half(seen) == half;
		uint64_t with = named ? seen | bit : slot_make(half, (uint32_t)bit);

		/*
		 * Releases the frame's content to lab_slot_take or to who empties the slot. Sequentially consistent for
		 * the look at the waiters that follows: wait.h.
		 */
		if (lab_cas_seq_cst(slot, &seen, with)) {
			lab_cpu_note_cached(arena, cpu, zone, frame);
			if (!named)
				slot_return(arena, cpu, zone, seen);
			return true;
		}
	}
	return false;
}

void lab_cpu_accept(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame)
{
	if (!keep(arena, cpu, chunk, frame))
		lab_cpu_give(arena, cpu, chunk, frame, 0);
}

void lab_cpu_give(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame, unsigned order)
{
	unsigned zone = lab_chunk_info(arena, chunk)->zone;

	lab_chunk_give_block(arena, chunk, frame, order);
	lab_search_note_given(lab_search_hint(arena, cpu, zone, order), chunk);
	lab_untold_tell(arena, cpu, zone, UINT64_C(1) << order);
}

void lab_cpu_flush(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	for (unsigned i = 0; i < arena->slot_count; i++)
		slot_empty(arena, cpu, zone, lab_cpu_slot(arena, cpu, zone, i));
	/* A look first, as above; it is the partner of lab_untold_tell for who waits. */
	if (lab_untold_count(lab_load_seq_cst(&cache->untold)))
		lab_untold_take(arena, zone, &cache->untold);
}

void lab_cpu_close(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);
	uint64_t frames;

	/* Both take what lab_cpu_flush takes, and look as it does; whoever comes later finds the word closed, and keeps
	 * nothing there. */
	for (unsigned i = 0; i < arena->slot_count; i++)
		slot_return(arena, cpu, zone, lab_exchange_seq_cst(lab_cpu_slot(arena, cpu, zone, i), LAB_SLOT_CLOSED));
	frames = lab_untold_count(lab_exchange_acquire(&cache->untold, LAB_UNTOLD_CLOSED));
	if (frames)
		lab_budget_give(arena, zone, frames);
}

void lab_cpu_open(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	/* Relaxed: a closed slot has no content to pass on, and nobody else changes it. */
	for (unsigned i = 0; i < arena->slot_count; i++)
		lab_store_relaxed(lab_cpu_slot(arena, cpu, zone, i), 0);
	/* Relaxed: what was added in between stays, under its adder's release. */
	lab_fetch_and_relaxed(&cache->untold, ~LAB_UNTOLD_CLOSED);
}

bool lab_cpu_is_closed(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	/* Relaxed: saves work in vain; who puts frames in looks again. */
	return lab_load_relaxed(lab_cpu_slot(arena, cpu, zone, 0)) == LAB_SLOT_CLOSED;
}

void lab_cpu_collect(const struct lab_arena *arena, unsigned zone)
{
	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		lab_cpu_flush(arena, cpu, zone);
}
