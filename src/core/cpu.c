/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpu.h"

#include "base/bits.h"
#include "core/budget.h"
#include "core/chunk.h"

#define SLOT_COUNT  2u
#define HALF_FRAMES 32u

/*
 * Orders. A slot's frames carry their content as a chunk's words do: who puts frames in releases, who takes them out
 * acquires, and all changes of a slot are read-modify-writes. An empty slot still names a half-word, 0 at first, and
 * keeps that one's frames.
 */

static uint64_t slot_make(uint64_t half, uint32_t mask)
{
	return half << 32 | mask;
}

static uint64_t half_of(uint32_t chunk, unsigned word, unsigned upper)
{
	return ((uint64_t)chunk * LAB_CHUNK_WORDS + word) * 2 + upper;
}

static uint64_t slot_frame(const struct lab_arena *arena, uint64_t slot)
{
	uint64_t half = lab_slot_half(slot);
	uint32_t chunk = (uint32_t)(half / (2 * LAB_CHUNK_WORDS));

	return lab_chunk_base(arena, chunk) + half % (2 * LAB_CHUNK_WORDS) * HALF_FRAMES +
	       lab_bits_first(lab_slot_mask(slot));
}

/* Gives a slot's former frames back to their chunk and the budget. */
static void slot_return(const struct lab_arena *arena, unsigned zone, uint64_t slot)
{
	uint64_t half = lab_slot_half(slot), word = half / 2;

	if (!lab_slot_mask(slot))
		return;
	lab_chunk_give(arena, (uint32_t)(word / LAB_CHUNK_WORDS), (unsigned)(word % LAB_CHUNK_WORDS),
		       (uint64_t)lab_slot_mask(slot) << (half % 2 * HALF_FRAMES));
	lab_budget_give(arena, zone, lab_bits_count(lab_slot_mask(slot)));
}

uint64_t lab_cpu_hit(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t floor)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		uint64_t seen = lab_load_relaxed(&cache->slots[i]); /* the swap below compares it */

		while (lab_slot_mask(seen)) {
			/* Takes the frame's content from who put it in: lab_cpu_keep, lab_cpu_stock. */
			if (!lab_cas_acquire(&cache->slots[i], &seen, seen & (seen - 1)))
				continue;
			/*
			 * Asked with the frame in hand: then it and the budget are free at one instant. Before, the
			 * budget could pass, go below the floor, and only then an interrupt free the frame.
			 */
			if (lab_budget_allows(lab_zone_state(arena, zone), floor))
				return slot_frame(arena, seen);
			slot_return(arena, zone,
				    slot_make(lab_slot_half(seen), lab_slot_mask(seen) & -lab_slot_mask(seen)));
			return LAB_FRAME_NONE;
		}
	}
	return LAB_FRAME_NONE;
}

/* Into a slot, in place of what it has; or back to all where the slot is closed, which only the swap can tell. */
static void slot_replace(const struct lab_arena *arena, unsigned zone, lab_atomic64 *slot, uint64_t with)
{
	uint64_t seen = lab_load_relaxed(slot); /* the swap below compares it */

	while (seen != LAB_SLOT_CLOSED) {
		/*
		 * Releases the new frames to lab_cpu_hit; takes the old ones, which an interrupt may have put there.
		 * Sequentially consistent for who stocks, and looks at the waiters next: wait.h.
		 */
		if (lab_cas_seq_cst(slot, &seen, with)) {
			slot_return(arena, zone, seen);
			return;
		}
	}
	slot_return(arena, zone, with);
}

/* Empties a slot; one that is closed stays so. */
static void slot_empty(const struct lab_arena *arena, unsigned zone, lab_atomic64 *slot)
{
	/* A look first: an empty slot is not written. Partner, for who waits, of lab_cpu_keep: wait.h. */
	uint64_t seen = lab_load_seq_cst(slot);

	while (lab_slot_mask(seen)) {
		/* Takes the frames' content from who put them in: lab_cpu_keep, slot_replace. */
		if (lab_cas_acquire(slot, &seen, 0)) {
			slot_return(arena, zone, seen);
			return;
		}
	}
}

void lab_cpu_stock(const struct lab_arena *arena, unsigned cpu, unsigned zone, const struct lab_batch *batch)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		uint32_t mask = (uint32_t)(batch->mask >> (i * HALF_FRAMES));

		if (mask)
			slot_replace(arena, zone, &cache->slots[i],
				     slot_make(half_of(batch->chunk, batch->word, i), mask));
	}
	lab_wait_tell(arena);
}

bool lab_cpu_keep(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, lab_chunk_info(arena, chunk)->zone);
	unsigned bit = frame % HALF_FRAMES, upper = frame / HALF_FRAMES % 2;
	uint64_t half = half_of(chunk, frame / LAB_WORD_FRAMES % LAB_CHUNK_WORDS, upper);
	lab_atomic64 *slot = &cache->slots[upper];
	uint64_t seen = lab_load_relaxed(slot); /* the swap below compares it */

	while (lab_slot_half(seen) == half) {
		/*
		 * Releases the frame's content to lab_cpu_hit or to who empties the slot. Sequentially consistent for
		 * the look at the waiters that follows: wait.h.
		 */
		if (lab_cas_seq_cst(slot, &seen, seen | UINT64_C(1) << bit)) {
			lab_wait_tell(arena);
			return true;
		}
	}
	return false;
}

/* Takes a count to the budget; a closed one stays closed. */
static void untold_take(const struct lab_arena *arena, unsigned zone, lab_atomic64 *untold)
{
	/* Takes the bits that lab_cpu_tell published with the count. */
	uint64_t frames = lab_untold_count(lab_fetch_and_acquire(untold, LAB_UNTOLD_CLOSED));

	if (frames)
		lab_budget_give(arena, zone, frames);
}

void lab_cpu_tell(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames)
{
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	lab_atomic64 *untold = &lab_cpu_zone(arena, cpu, zone)->untold;

	/* Near the watermarks, and for great blocks, at once; else a batch at a time. Both relaxed: only when matters.
	 */
	if (frames >= LAB_WORD_FRAMES || lab_load_relaxed(&state->budget) < lab_load_relaxed(&state->high)) {
		lab_budget_give(arena, zone, frames);
		return;
	}
	/*
	 * Releases the frames' bits to untold_take and lab_cpu_close, which publish them. Sequentially consistent for
	 * the look at the waiters, who take the count too: wait.h. A closed count is great.
	 */
	if (lab_fetch_add_seq_cst(untold, frames) + frames >= LAB_WORD_FRAMES)
		untold_take(arena, zone, untold);
	else
		lab_wait_tell(arena);
}

void lab_cpu_flush(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	for (unsigned i = 0; i < SLOT_COUNT; i++)
		slot_empty(arena, zone, &cache->slots[i]);
	/* A look first, as above; it is the partner of lab_cpu_tell for who waits. */
	if (lab_untold_count(lab_load_seq_cst(&cache->untold)))
		untold_take(arena, zone, &cache->untold);
}

void lab_cpu_close(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);
	uint64_t frames;

	/* Both acquire what lab_cpu_flush acquires; whoever comes later finds the word closed, and keeps nothing there.
	 */
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		slot_return(arena, zone, lab_exchange_acquire(&cache->slots[i], LAB_SLOT_CLOSED));
	frames = lab_untold_count(lab_exchange_acquire(&cache->untold, LAB_UNTOLD_CLOSED));
	if (frames)
		lab_budget_give(arena, zone, frames);
}

void lab_cpu_open(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	/* Relaxed: a closed slot has no content to pass on, and nobody else changes it. */
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		lab_store_relaxed(&cache->slots[i], 0);
	/* Relaxed: what was added in between stays, under its adder's release. */
	lab_fetch_and_relaxed(&cache->untold, ~LAB_UNTOLD_CLOSED);
}

bool lab_cpu_is_closed(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	/* Relaxed: saves work in vain; who puts frames in looks again. */
	return lab_load_relaxed(&lab_cpu_zone(arena, cpu, zone)->slots[0]) == LAB_SLOT_CLOSED;
}

void lab_cpu_collect(const struct lab_arena *arena, unsigned zone)
{
	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		lab_cpu_flush(arena, cpu, zone);
}
