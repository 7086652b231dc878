/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_QUICK_H
#define LAB_CORE_QUICK_H

#include "core/cpu.h"
#include "core/view.h"
#include "core/wait.h"

/*
 * What most calls are: one frame without wishes, which the CPU has parked, taken while memory is plenty, and its
 * release where it can be parked again. One compare-and-swap each, in code short enough to be read at once. Whatever is
 * not so is left to alloc.c, which asks everything anew: nothing here gives an answer but yes.
 */

/* With any other flag a request has a wish. */
#define LAB_QUICK_GFP                                                                                                  \
	(LAB_GFP_HIGH | LAB_GFP_MEMALLOC | LAB_GFP_NOMEMALLOC | LAB_GFP_DIRECT_RECLAIM | LAB_GFP_KSWAPD_RECLAIM |      \
	 LAB_GFP_NORETRY | LAB_GFP_EXCLUSIVE)

/* A parked frame that is the caller's now, for lab_page_alloc; LAB_FRAME_NONE: not so quick. */
static inline uint64_t lab_quick_take(const struct lab_arena *arena, const struct lab_alloc_request *request)
{
	struct lab_cpu_zone *cache;
	uint64_t frame;

	if (request->order || request->gfp & ~LAB_QUICK_GFP || request->cpu >= arena->cpu_count ||
	    !lab_page_owner_is_good(request->owner) || arena->traces)
		return LAB_FRAME_NONE;
	cache = lab_cpu_zone(arena, request->cpu, LAB_ZONE_NORMAL);
	frame = lab_load_relaxed(&cache->hint_cached); /* a hint: any frame will do */
	if (!lab_park_take(arena, request->cpu, LAB_ZONE_NORMAL, frame))
		return LAB_FRAME_NONE;
	lab_store_relaxed(&cache->hint_cached, (uint32_t)frame + 1); /* the same */
	return frame;
}

/* True when the zones hold so much that every class may have a frame, and no reclaimer is to be woken. */
static inline bool lab_quick_is_plenty(const struct lab_arena *arena)
{
	return !lab_wait_is_low(lab_zone_state(arena, LAB_ZONE_NORMAL)) &&
	       !lab_wait_is_low(lab_zone_state(arena, LAB_ZONE_DMA));
}

/* Releases a frame by parking it; false: not so quick, and nothing was done. */
static inline bool lab_quick_free(const struct lab_arena *arena, uint64_t frame,
				  const struct lab_alloc_request *request)
{
	uint64_t seen = request->owner, named;
	lab_atomic64 *slot, *word;
	uint32_t chunk;
	unsigned zone;

	if (request->order || request->gfp & LAB_GFP_SHRED || request->cpu >= arena->cpu_count || arena->wipes)
		return false;
	chunk = lab_chunk_of(arena, frame);
	if (chunk == LAB_CHUNK_NONE || !lab_page_owner_is_good(seen))
		return false;
	zone = lab_chunk_info(arena, chunk)->zone;
	slot = lab_cpu_slot_for(arena, request->cpu, zone, frame);
	named = lab_half_number(chunk, frame) << 1 | 1;
	word = &arena->pages[frame].owner;
	/* All three are only likely to stay so, and asked again: the slot below, the rest by the swap. */
	if (lab_load_relaxed(slot) >> LAB_SLOT_MARK_SHIFT != named || lab_load_acquire(word) != seen ||
	    lab_page_order(arena, frame) != 0)
		return false;
	/* As in lab_page_retire. */
	if (!lab_cas_seq_cst(word, &seen, lab_park_word(request->cpu, zone)))
		return false;
	/* Partner of who clears a mark: park.h. */
	if (lab_load_seq_cst(slot) >> LAB_SLOT_MARK_SHIFT != named) {
		lab_cpu_settle(arena, request->cpu, chunk, frame);
		return true;
	}
	/* A hint. */
	lab_store_relaxed(&lab_cpu_zone(arena, request->cpu, zone)->hint_cached, (uint32_t)frame);
	lab_wait_tell(arena);
	return true;
}

#endif
