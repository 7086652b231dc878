/* SPDX-License-Identifier: Apache-2.0 */
#include "core/page.h"

#include "base/bits.h"

static lab_atomic64 *owner_word(const struct lab_arena *arena, uint64_t frame)
{
	return &arena->pages[frame].owner;
}

/* True when a block of at least that order begins at `head`: all at one instant, since no owner comes twice. */
static bool is_covered(const struct lab_arena *arena, uint64_t head, unsigned order)
{
	uint64_t seen = lab_load_acquire(owner_word(arena, head)), before; /* the partner of lab_page_publish */
	bool covered = false;

	do {
		before = seen;
		covered = before && lab_page_order(arena, head) >= order;
		seen = lab_load_acquire(owner_word(arena, head)); /* the same */
	} while (seen != before);
	return covered;
}

/* True when a block that begins before `frame` reaches over it. The slow path of a refusal. */
static bool is_inside(const struct lab_arena *arena, uint64_t frame)
{
	for (unsigned order = 1; order <= arena->state->order_max; order++) {
		uint64_t head = lab_align_down(frame, UINT64_C(1) << order);

		if (head != frame && is_covered(arena, head, order))
			return true;
	}
	return false;
}

enum lab_status lab_page_judge(const struct lab_arena *arena, uint64_t frame, lab_owner owner)
{
	uint64_t seen = lab_load_acquire(owner_word(arena, frame)); /* the partner of lab_page_publish */

	if (seen == LAB_PAGE_ABSENT)
		return LAB_BAD_ADDRESS;
	/* What says that a frame is a second one is written before the owner, and taken back after it. */
	if (!seen || lab_page_is_second(seen))
		return is_inside(arena, frame) ? LAB_NOT_HEAD : LAB_NOT_ALLOCATED;
	return seen == owner ? LAB_OK : LAB_WRONG_OWNER;
}

enum lab_status lab_page_retire(const struct lab_arena *arena, uint64_t frame, unsigned order, lab_owner owner)
{
	enum lab_status status = lab_page_judge(arena, frame, owner);
	uint64_t seen = owner;

	if (status)
		return status;
	if (lab_page_order(arena, frame) != order)
		return LAB_WRONG_ORDER;
	/* One of two frees at once wins. Relaxed: whoever has the next block gets its content along the chunk's words.
	 */
	if (!lab_cas_relaxed(owner_word(arena, frame), &seen, LAB_OWNER_NONE))
		return lab_page_lost(seen);
	if (order)
		/* The frames are given back, with release, after this; one of its own, for who looks on, as above. */
		lab_store_release(owner_word(arena, frame + 1), LAB_OWNER_NONE);
	return LAB_OK;
}
