/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_VIEW_H
#define LAB_CORE_VIEW_H

#include "core/layout.h"

/*
 * How often a block is mapped, where the arena keeps that: one byte a frame, of which a block's first counts. The top
 * bit tells an exclusive block, the others count its views.
 */

#define LAB_VIEW_EXCLUSIVE 0x80u

static inline lab_atomic8 *lab_view_byte(const struct lab_arena *arena, uint64_t frame)
{
	return (lab_atomic8 *)arena->views + frame;
}

/* No views of a block that was just taken; before its owner is published. */
static inline void lab_view_begin(const struct lab_arena *arena, uint64_t frame, lab_gfp gfp)
{
	if (arena->views)
		/* Relaxed: lab_page_publish publishes it with the owner. */
		lab_store_relaxed(lab_view_byte(arena, frame), gfp & LAB_GFP_EXCLUSIVE ? LAB_VIEW_EXCLUSIVE : 0);
}
/* True when the block has a view. */
bool lab_view_any(const struct lab_arena *arena, uint64_t frame);

#endif
