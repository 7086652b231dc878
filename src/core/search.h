/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_SEARCH_H
#define LAB_CORE_SEARCH_H

#include "core/layout.h"

/*
 * Where in a zone a request takes its frames: from what is broken already, and else from the chunk with the least left,
 * so that whole chunks stay whole. The caller has been admitted (budget.h).
 */

/* Frames of one word. */
struct lab_batch {
	uint32_t chunk;
	unsigned word;
	uint64_t mask;
};

/* Where a CPU's search for blocks of that order begins. */
static inline lab_atomic32 *lab_search_hint(const struct lab_arena *arena, unsigned cpu, unsigned zone, unsigned order)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

	return order < LAB_WORD_ORDER ? &cache->hint_small : &cache->hint_great;
}

/* A block was given back: what lies lower is taken first, so that a CPU stays in its part of the zone. */
static inline void lab_search_note_given(lab_atomic32 *hint, uint32_t chunk)
{
	/* Both relaxed: a hint. */
	if (chunk < lab_load_relaxed(hint))
		lab_store_relaxed(hint, chunk);
}

/* Takes a block; *hint: the last one's chunk, and then this one's. LAB_FRAME_NONE: a round over the zone found none. */
uint64_t lab_search_block(const struct lab_arena *arena, unsigned zone, unsigned order, lab_atomic32 *hint);
/*
 * The same for order 0 to 5 by looking at every word, whatever the chunks' states say: finds also a frame that an
 * interrupted call has given back and not yet announced.
 */
uint64_t lab_search_every_word(const struct lab_arena *arena, unsigned zone, unsigned order);
/* True when a block of that order lies free in the zone's chunks just now. Takes nothing; looks at everything. */
bool lab_search_shows(const struct lab_arena *arena, unsigned zone, unsigned order);
/* Takes all free frames of one word, at most 64; mask 0: none was found. */
struct lab_batch lab_search_batch(const struct lab_arena *arena, unsigned zone, lab_atomic32 *hint);

#endif
