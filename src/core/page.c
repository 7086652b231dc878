/* SPDX-License-Identifier: Apache-2.0 */
#include "core/page.h"

#include "base/bits.h"

static lab_atomic64 *owner_word(const struct lab_arena *arena, uint64_t frame)
{
	return &arena->pages[frame].owner;
}

void lab_page_publish(const struct lab_arena *arena, uint64_t frame, unsigned order, lab_owner owner)
{
	if (order)
		/* Published by the release below; one of its own, for who looks on: a look that meets this word sees
		 * that the last owner has gone. */
		lab_store_release(owner_word(arena, frame + 1), LAB_PAGE_SECOND | order);
	/* Publishes the order, and a zeroed block's content, to lab_page_judge and lab_page_retire. */
	lab_store_release(owner_word(arena, frame), owner);
}

unsigned lab_page_order(const struct lab_arena *arena, uint64_t frame)
{
	uint64_t second;

	if (frame % 2)
		return 0;
	/* Published with the owner, which the caller saw; acquire: is_covered looks at that once more, after this. */
	second = lab_load_acquire(owner_word(arena, frame + 1));
	return lab_page_is_second(second) ? (unsigned)(second & 0xff) : 0;
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
		return seen ? LAB_WRONG_OWNER : LAB_NOT_ALLOCATED;
	if (order)
		/* The frames are given back, with release, after this; one of its own, for who looks on, as above. */
		lab_store_release(owner_word(arena, frame + 1), LAB_OWNER_NONE);
	return LAB_OK;
}
