/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "core/page.h"
#include "core/trace.h"

/* A block that changes hands faster than it can be looked at is left out. */
#define LOOKS_MAX 4u

enum look { LOOK_NOBODY, LOOK_GOT, LOOK_CHANGED };

/* The order of a block that somebody has, or had just now. */
static unsigned order_of(const struct lab_arena *arena, uint64_t frame)
{
	/* Acquire: a later owner's word, or its absence, brings the end of this one along: lab_page_publish, _retire.
	 */
	uint64_t second = frame % 2 ? 0 : lab_load_acquire(&arena->pages[frame + 1].owner);

	return lab_page_is_second(second) ? (unsigned)(second & 0xff) : 0;
}

/*
 * One look at a frame. The owner is read first and last: the same owner at both ends held the block in between, since
 * no allocation has another's token, and so all that was read in between was true then.
 */
static enum look look_at(const struct lab_arena *arena, uint64_t frame, struct lab_holder *ret_holder)
{
	struct lab_page *page = &arena->pages[frame];
	/* Acquire: takes order and record, which lab_page_publish has published. */
	uint64_t owner = lab_load_acquire(&page->owner);
	struct lab_holder holder = {.pfn = frame, .owner = owner};
	unsigned order;

	if (!owner || lab_page_is_second(owner))
		return LOOK_NOBODY;
	order = order_of(arena, frame);
	if (arena->traces && !lab_trace_read(arena, frame, &holder))
		return LOOK_CHANGED;
	holder.order = order;
	/* Relaxed: comes after the acquires above. */
	if (lab_load_relaxed(&page->owner) != owner)
		return LOOK_CHANGED;
	/* Nobody writes such a thing, but for who has gone wild. */
	if (order > arena->order_max || UINT64_C(1) << order > arena->frame_count - frame)
		return LOOK_NOBODY;
	*ret_holder = holder;
	return LOOK_GOT;
}

bool lab_arena_holder_next(const struct lab_arena *arena, uint64_t *cursor, struct lab_holder *ret_holder)
{
	for (uint64_t frame = *cursor; frame < arena->frame_count; frame++) {
		enum look look = look_at(arena, frame, ret_holder);

		for (unsigned looks = 1; look == LOOK_CHANGED && looks < LOOKS_MAX; looks++)
			look = look_at(arena, frame, ret_holder);
		if (look != LOOK_GOT)
			continue;
		*cursor = frame + (UINT64_C(1) << ret_holder->order);
		return true;
	}
	*cursor = arena->frame_count;
	return false;
}

/* A record that was whole when it was read; false: there is none, or it is written all the time. */
static bool read_record(const struct lab_arena *arena, uint64_t frame, struct lab_holder *ret_holder)
{
	struct lab_holder holder = {.pfn = frame};

	for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
		if (!lab_trace_read(arena, frame, &holder))
			continue;
		*ret_holder = holder;
		return true;
	}
	return false;
}

bool lab_frame_last_holder(const struct lab_arena *arena, uint64_t frame, struct lab_holder *ret_holder)
{
	struct lab_holder record;
	bool found = false;

	if (frame >= arena->frame_count || !arena->traces)
		return false;
	for (unsigned order = 0; order <= arena->order_max; order++) {
		uint64_t head = lab_align_down(frame, UINT64_C(1) << order);

		if (!read_record(arena, head, &record) || record.order < order)
			continue;
		if (found && record.since <= ret_holder->since)
			continue;
		*ret_holder = record;
		found = true;
	}
	if (found)
		ret_holder->owner = lab_page_owner(arena, &arena->pages[ret_holder->pfn]);
	return found;
}
