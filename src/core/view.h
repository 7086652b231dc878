/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_VIEW_H
#define LAB_CORE_VIEW_H

#include "core/layout.h"

/*
 * How often a block is mapped, where the arena keeps that: one byte a frame, of which a block's first counts. The top
 * bit tells an exclusive block, the others count its views.
 */

/* No views of a block that was just taken; before its owner is published. */
void lab_view_begin(const struct lab_arena *arena, uint64_t frame, lab_gfp gfp);
/* True when the block has a view. */
bool lab_view_any(const struct lab_arena *arena, uint64_t frame);

#endif
