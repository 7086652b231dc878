/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_MEMORY_H
#define LAB_CORE_MEMORY_H

#include <labyrinth/memory.h>

#include "core/layout.h"

/* Spans that go and come: memory.c. */

static inline uint32_t lab_memory_first_chunk(const struct lab_arena *arena, unsigned span)
{
	return lab_memory_span(arena, span)->first_chunk;
}

static inline struct lab_zone_state *lab_memory_zone(const struct lab_arena *arena, unsigned span)
{
	return lab_zone_state(arena, lab_chunk_info(arena, lab_memory_first_chunk(arena, span))->zone);
}

/* How many frames a span has. */
static inline uint64_t lab_memory_frames(const struct lab_arena *arena, unsigned span)
{
	return lab_chunk_info(arena, lab_memory_first_chunk(arena, span + 1) - 1)->end_frame -
	       lab_chunk_info(arena, lab_memory_first_chunk(arena, span))->first_frame;
}

/* At creation, where no frame was given yet: the span's frames are absent. */
void lab_memory_begin_absent(const struct lab_arena *arena, unsigned span);

#endif
