/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_DEFER_H
#define LAB_CORE_DEFER_H

#include "core/layout.h"

/*
 * Blocks that are released, and still to be overwritten: overwriting a great one takes longer than who releases it in
 * an interrupt may take. Each zone has a stack of them, linked through the blocks' owner words:
 *
 *   zone word = how often a block was taken off (32 bits, high) | number of the top block's first frame + 1; 0: none
 *   page word = see page.h: the block's order, and the same number of the one below
 *
 * Anybody may put one on, and take one off: a worker, who drains, and a request that finds its zone short, so that no
 * frame is out of reach. Such a block is nobody's, is not free, and is in no count of free frames; it becomes free when
 * it is overwritten, by who took it off. The count of takings tells a top that came back from one that stayed.
 */

/* The least order that is worth it: four pages of 4 KiB take about two microseconds. */
#define LAB_DEFER_ORDER 2u

/* Puts a block on its zone's stack, and tells who waits. Lock-free; any context. */
void lab_defer_push(const struct lab_arena *arena, unsigned zone, uint64_t frame, unsigned order);
/* Takes one off, overwrites it and frees it. False: there was none. Takes as long as overwriting does. */
bool lab_defer_finish_one(const struct lab_arena *arena, unsigned zone);
/*
 * For a request of that order whose zone must keep `floor`: overwrites what it lacks and no more, if that would help it
 * at all; for single frames, parts of blocks. Caches are empty. True: some went back to a stack that had been empty.
 */
bool lab_defer_help(const struct lab_arena *arena, unsigned zone, unsigned order, uint64_t floor);

#endif
