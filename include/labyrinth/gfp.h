/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_GFP_H
#define LABYRINTH_GFP_H

#include <stdint.h>

/*
 * Request flags, with Linux's names and meaning (mm/page_alloc.c, 6.12 and later) behind the LAB_ prefix.
 * The request class, and with it the floor that a request may take its zone down to, follows from them.
 */
typedef uint32_t lab_gfp;

#define LAB_GFP_DMA            ((lab_gfp)0x001) /* only frames of the DMA zone */
#define LAB_GFP_HIGH           ((lab_gfp)0x002) /* may go below min: half of it, or five eighths without DIRECT_RECLAIM */
#define LAB_GFP_MEMALLOC       ((lab_gfp)0x004) /* may take everything: the request is about to free memory */
#define LAB_GFP_NOMEMALLOC     ((lab_gfp)0x008) /* takes MEMALLOC's and the non-blocking right away, keeps HIGH's */
#define LAB_GFP_DIRECT_RECLAIM ((lab_gfp)0x010) /* the caller may sleep */
#define LAB_GFP_KSWAPD_RECLAIM ((lab_gfp)0x020) /* the caller may wake the reclaimer */
#define LAB_GFP_NORETRY        ((lab_gfp)0x040) /* fail rather than wait for others to free */
#define LAB_GFP_NOFAIL         ((lab_gfp)0x080) /* never fail; only with DIRECT_RECLAIM */
#define LAB_GFP_ZERO           ((lab_gfp)0x100) /* hand the block out zeroed */
#define LAB_GFP_EXCLUSIVE      ((lab_gfp)0x200) /* at most one view of the block, its owner's */
#define LAB_GFP_SHRED          ((lab_gfp)0x400) /* overwrite the block with a keystream when it is released */
#define LAB_GFP_ALL            ((lab_gfp)0x7ff)

#define LAB_GFP_NOWAIT LAB_GFP_KSWAPD_RECLAIM
#define LAB_GFP_KERNEL (LAB_GFP_DIRECT_RECLAIM | LAB_GFP_KSWAPD_RECLAIM)
#define LAB_GFP_ATOMIC (LAB_GFP_HIGH | LAB_GFP_KSWAPD_RECLAIM)

/* Which right a request has to the reserve: the table in docs/invariants.md. */
enum lab_class {
	LAB_CLASS_ORDINARY, /* floor m                          */
	LAB_CLASS_HIGH,     /* floor m - m/2                    */
	LAB_CLASS_ATOMIC,   /* floor x - x/4 with x = m - m/2   */
	LAB_CLASS_MEMALLOC, /* floor 0, and no lowmem reserve   */
	LAB_CLASS_COUNT
};

/* The class of a request. Wait-free. */
static inline enum lab_class lab_gfp_class(lab_gfp gfp)
{
	if ((gfp & LAB_GFP_MEMALLOC) && !(gfp & LAB_GFP_NOMEMALLOC))
		return LAB_CLASS_MEMALLOC;
	if (!(gfp & LAB_GFP_HIGH))
		return LAB_CLASS_ORDINARY;
	if ((gfp & LAB_GFP_DIRECT_RECLAIM) || (gfp & LAB_GFP_NOMEMALLOC))
		return LAB_CLASS_HIGH;
	return LAB_CLASS_ATOMIC;
}

/* True when the caller may not sleep. */
static inline int lab_gfp_is_atomic(lab_gfp gfp)
{
	return !(gfp & LAB_GFP_DIRECT_RECLAIM);
}

/* The least number of frames that may stay free in a zone whose min watermark is min_frames, lowmem reserve left out.
 */
static inline uint64_t lab_class_floor(enum lab_class right, uint64_t min_frames)
{
	uint64_t high = min_frames - min_frames / 2;

	switch (right) {
	case LAB_CLASS_ORDINARY:
		return min_frames;
	case LAB_CLASS_HIGH:
		return high;
	case LAB_CLASS_ATOMIC:
		return high - high / 4;
	default:
		return 0;
	}
}

/* True when the flags contradict one another: no allocator may serve such a request. */
static inline int lab_gfp_contradicts(lab_gfp gfp)
{
	if (gfp & ~LAB_GFP_ALL)
		return 1;
	if ((gfp & LAB_GFP_NOFAIL) && (!(gfp & LAB_GFP_DIRECT_RECLAIM) || (gfp & LAB_GFP_NORETRY)))
		return 1;
	return 0;
}

#endif
