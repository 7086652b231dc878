/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_PAGE_H
#define LAB_CORE_PAGE_H

#include "core/layout.h"

/*
 * Who owns a block. One word a frame:
 *
 *   0                          free, in a slot of a cache, or inside a block
 *   0xffff << 48 | order       second frame of a block of that order (from 1 on)
 *   0xffff << 48 | ...         free, and parked with a CPU: park.h
 *   0xffff4 << 44                its span is absent, or about to be: memory.c
 *   0xffff8 << 44 | order << 32 | next
 *                              first frame of a block that is nobody's and to be overwritten: defer.h
 *   anything else              the owner; first frame of a block
 *
 * A block's first frame is even unless the block is one frame, so the word after it tells its order. The word of the
 * first frame is the truth: releasing a block is one compare-and-swap from its owner to 0, or to parked, which one of
 * two wins.
 */

#define LAB_PAGE_SECOND (UINT64_C(0xffff) << 48)

/* Read as a second frame's it tells of order 0. */
#define LAB_PAGE_ABSENT (LAB_PAGE_SECOND | UINT64_C(1) << 46)

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

/* Why a swap of a block's owner failed: somebody else was faster, and left this. */
static inline enum lab_status lab_page_lost(uint64_t seen)
{
	return seen && !lab_page_is_second(seen) ? LAB_WRONG_OWNER : LAB_NOT_ALLOCATED;
}

/* Writes the owner of a block that the caller has taken. Wait-free. */
static inline void lab_page_publish(const struct lab_arena *arena, uint64_t frame, unsigned order, lab_owner owner)
{
	if (order)
		/* Published by the release below; one of its own, for who looks on: a look that meets this word sees
		 * that the last owner has gone. */
		lab_store_release(&arena->pages[frame + 1].owner, LAB_PAGE_SECOND | order);
	/* Publishes the order, and a zeroed block's content, to lab_page_judge and lab_page_retire. */
	lab_store_release(&arena->pages[frame].owner, owner);
}

/* Clears it, if the caller shows what the block was taken with: LAB_OK, or why not. */
LAB_MUST_USE enum lab_status lab_page_retire(const struct lab_arena *arena, uint64_t frame, unsigned order,
					     lab_owner owner);
/* LAB_OK when `owner` holds a block that begins at `frame`, else the first of the misuse statuses that holds. */
LAB_MUST_USE enum lab_status lab_page_judge(const struct lab_arena *arena, uint64_t frame, lab_owner owner);
/* The order of the block that begins at `frame`, which is owned. */
static inline unsigned lab_page_order(const struct lab_arena *arena, uint64_t frame)
{
	uint64_t second;

	if (frame % 2)
		return 0;
	/* Published with the owner, which the caller saw; acquire: is_covered looks at that once more, after this. */
	second = lab_load_acquire(&arena->pages[frame + 1].owner);
	return lab_page_is_second(second) ? (unsigned)(second & 0xff) : 0;
}

#endif
