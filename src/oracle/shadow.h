/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_SHADOW_H
#define LAB_ORACLE_SHADOW_H

#include <stdbool.h>

#include <labyrinth/target.h>

#include "oracle/cell.h"
#include "oracle/pagemap.h"

/*
 * Who owns what, a cell a frame: an array for blocks in the arena, a map for blocks that lie anywhere. Frames are
 * numbered from the arena's base, or from address 0. Usable from any context; lock-free.
 */
struct lab_shadow {
	const struct lab_machine *machine;
	struct lab_cell *cells;  /* arena: by frame */
	struct lab_pagemap *map; /* elsewhere; NULL for an arena */
};

/* LAB_SYSTEM: errno. May sleep. */
LAB_MUST_USE enum lab_status lab_shadow_init(struct lab_shadow *shadow, const struct lab_machine *machine, bool arena);
void lab_shadow_fini(struct lab_shadow *shadow);
/* All free, nothing ever written. At quiescence only. */
void lab_shadow_clear(struct lab_shadow *shadow);

/* The frame that holds an address; outside the arena it is a number of no frame. */
uint64_t lab_shadow_frame(const struct lab_shadow *shadow, const void *address);
bool lab_shadow_is_frame_aligned(const struct lab_shadow *shadow, const void *address);
/* The first byte of the frame that lies `idx` frames after a block's start. */
void *lab_shadow_page(const struct lab_shadow *shadow, void *block, uint64_t idx);
size_t lab_shadow_page_bytes(const struct lab_shadow *shadow);

/* The frame's cell; NULL for a frame outside the arena, or one of the map's that was never owned. */
struct lab_cell *lab_shadow_find(const struct lab_shadow *shadow, uint64_t frame);
/* The same, but adds the frame to the map; NULL outside the arena or when the map is full. */
struct lab_cell *lab_shadow_add(const struct lab_shadow *shadow, uint64_t frame);

#endif
