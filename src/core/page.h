/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_PAGE_H
#define LAB_CORE_PAGE_H

#include "core/layout.h"

/*
 * Who owns a block. One word a frame:
 *
 *   0                      free, in a cache, or inside a block
 *   0xffff << 48 | order   second frame of a block of that order (from 1 on)
 *   0xffff8 << 44 | order << 32 | next   first frame of a block that is nobody's and to be overwritten: defer.h
 *   anything else          the owner; first frame of a block
 *
 * A block's first frame is even unless the block is one frame, so the word after it tells its order. The word of the
 * first frame is the truth: releasing a block is one compare-and-swap from its owner to 0, which one of two wins.
 */

#define LAB_PAGE_SECOND (UINT64_C(0xffff) << 48)

static inline bool lab_page_is_second(uint64_t word)
{
	return word >= LAB_PAGE_SECOND;
}

/* The word of a released block of that order, from 1 on; next: what its stack has below. */
#define LAB_PAGE_DEFERRED (LAB_PAGE_SECOND | UINT64_C(1) << 47)

static inline uint64_t lab_page_deferred(unsigned order, uint64_t next)
{
	return LAB_PAGE_DEFERRED | (uint64_t)order << 32 | next;
}

static inline bool lab_page_is_deferred(uint64_t word)
{
	return word >= LAB_PAGE_DEFERRED;
}

static inline unsigned lab_page_deferred_order(uint64_t word)
{
	return (unsigned)(word >> 32 & 0xff);
}

static inline uint64_t lab_page_deferred_next(uint64_t word)
{
	return word & UINT64_C(0xffffffff);
}

/* True for a token that an owner may have. */
static inline bool lab_page_owner_is_good(lab_owner owner)
{
	return owner != LAB_OWNER_NONE && owner < LAB_PAGE_SECOND;
}

/* Writes the owner of a block that the caller has taken. Wait-free. */
void lab_page_publish(const struct lab_arena *arena, uint64_t frame, unsigned order, lab_owner owner);
/* Clears it, if the caller shows what the block was taken with: LAB_OK, or why not. */
LAB_MUST_USE enum lab_status lab_page_retire(const struct lab_arena *arena, uint64_t frame, unsigned order,
					     lab_owner owner);
/* LAB_OK when `owner` holds a block that begins at `frame`, else the first of the misuse statuses that holds. */
LAB_MUST_USE enum lab_status lab_page_judge(const struct lab_arena *arena, uint64_t frame, lab_owner owner);
/* The order of the block that begins at `frame`, which is owned. */
unsigned lab_page_order(const struct lab_arena *arena, uint64_t frame);

#endif
