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

static void slot_replace(const struct lab_arena *arena, unsigned zone, lab_atomic64 *slot, uint64_t with)
{
	/*
	 * Releases the new frames to lab_cpu_hit; takes the old ones, which an interrupt may have put there.
	 * Sequentially consistent for who stocks, and looks at the waiters next: wait.h.
	 */
	slot_return(arena, zone, lab_exchange_seq_cst(slot, with));
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
	 * Releases the frames' bits to who takes the count, below or in lab_cpu_flush, and publishes them. Sequentially
	 * consistent for the look at the waiters, who take the count too: wait.h.
	 */
	if (lab_fetch_add_seq_cst(untold, frames) + frames >= LAB_WORD_FRAMES)
		lab_budget_give(arena, zone, lab_exchange_acquire(untold, 0));
	else
		lab_wait_tell(arena);
}

void lab_cpu_flush(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		/* A look first: an empty cache is not written. Partner, for who waits, of lab_cpu_keep: wait.h. */
		if (lab_slot_mask(lab_load_seq_cst(&cache->slots[i])))
			slot_replace(arena, zone, &cache->slots[i], 0);
	}
	/* Takes the bits that lab_cpu_tell published with the count; the look is its partner for who waits. */
	if (lab_load_seq_cst(&cache->untold))
		lab_budget_give(arena, zone, lab_exchange_acquire(&cache->untold, 0));
}

void lab_cpu_collect(const struct lab_arena *arena, unsigned zone)
{
	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		lab_cpu_flush(arena, cpu, zone);
}
