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

/* Takes a block; *hint is where to begin and is moved. LAB_FRAME_NONE: none was found in one round over the zone. */
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
