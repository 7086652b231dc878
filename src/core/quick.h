/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_QUICK_H
#define LAB_CORE_QUICK_H

#include "core/budget.h"
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

/* A frame from the CPU's cache of the normal zone. */
static inline uint64_t lab_quick_take_frame(const struct lab_arena *arena, unsigned cpu)
{
	lab_atomic32 *hint = &lab_cpu_zone(arena, cpu, LAB_ZONE_NORMAL)->hint_cached;
	uint64_t frame = lab_load_relaxed(hint); /* a hint: any frame will do */

	if (!lab_park_take(arena, cpu, LAB_ZONE_NORMAL, frame)) {
		frame = lab_slot_take(arena, lab_cpu_slot_for(arena, cpu, LAB_ZONE_NORMAL, frame));
		if (frame == LAB_FRAME_NONE)
			return frame;
	}
	lab_store_relaxed(hint, (uint32_t)frame + 1); /* the same */
	return frame;
}

/* A block, by what the CPU has not told the budget. */
static inline uint64_t lab_quick_take_block(const struct lab_arena *arena, unsigned cpu, unsigned order)
{
	uint64_t frame, frames = UINT64_C(1) << order;

	if (!lab_untold_spend(arena, cpu, LAB_ZONE_NORMAL, frames))
		return LAB_FRAME_NONE;
	frame = lab_search_block(arena, LAB_ZONE_NORMAL, order, lab_search_hint(arena, cpu, LAB_ZONE_NORMAL, order));
	if (frame == LAB_FRAME_NONE)
		lab_budget_give(arena, LAB_ZONE_NORMAL, frames);
	return frame;
}

/* Frames for lab_page_alloc, not yet judged by the floor; LAB_FRAME_NONE: not so quick. */
static inline uint64_t lab_quick_take(const struct lab_arena *arena, const struct lab_alloc_request *request)
{
	if (request->gfp & ~LAB_QUICK_GFP || request->cpu >= arena->cpu_count || request->order > arena->order_max ||
	    !lab_page_owner_is_good(request->owner) || !arena->takes_quickly)
		return LAB_FRAME_NONE;
	return request->order ? lab_quick_take_block(arena, request->cpu, request->order)
			      : lab_quick_take_frame(arena, request->cpu);
}

/* True when the zones hold so much that every class may have a frame, and no reclaimer is to be woken. */
static inline bool lab_quick_is_plenty(const struct lab_arena *arena)
{
	return !lab_wait_is_low(lab_zone_state(arena, LAB_ZONE_NORMAL)) &&
	       !lab_wait_is_low(lab_zone_state(arena, LAB_ZONE_DMA));
}

/* Releases a frame that goes to the cache as it is; false: not so quick, and nothing was done. */
static inline bool lab_quick_free(const struct lab_arena *arena, uint64_t frame,
				  const struct lab_alloc_request *request)
{
	unsigned cpu = request->cpu, zone;
	uint64_t seen = request->owner, half;
	lab_atomic64 *slot, *word;
	uint32_t chunk;
	bool parks;

	if (request->order || request->gfp & LAB_GFP_SHRED || cpu >= arena->cpu_count || !arena->frees_quickly)
		return false;
	chunk = lab_chunk_of(arena, frame);
	if (chunk == LAB_CHUNK_NONE || !lab_page_owner_is_good(seen))
		return false;
	/* Both are only likely to stay so: the swap asks again. Acquire as in lab_page_judge. */
	word = &arena->pages[frame].owner;
	if (lab_load_acquire(word) != seen || lab_page_order(arena, frame) != 0)
		return false;
	zone = lab_chunk_info(arena, chunk)->zone;
	slot = lab_cpu_slot_for(arena, cpu, zone, frame);
	half = lab_half_number(chunk, frame);
	parks = lab_slot_half(lab_load_relaxed(slot)) == half; /* relaxed: looked at again, below */
	/*
	 * Of two frees at once one wins. Releases the content of a parked frame to lab_park_take; sequentially
	 * consistent for the looks at the slot and at the waiters that follow: park.h and wait.h.
	 */
	if (!lab_cas_seq_cst(word, &seen, parks ? lab_park_word(cpu, zone) : LAB_OWNER_NONE))
		return false;
	if (!parks)
		lab_cpu_accept(arena, cpu, chunk, frame);
	else if (lab_slot_marks(lab_load_seq_cst(slot), half)) /* partner of who clears a mark: park.h */
		lab_cpu_note_cached(arena, cpu, zone, frame);
	else
		lab_cpu_settle(arena, cpu, chunk, frame);
	return true;
}

#endif
