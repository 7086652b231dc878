/* SPDX-License-Identifier: Apache-2.0 */
#include "target/buddy.h"

#include <stddef.h>
#include <stdio.h>

static size_t offset_in(const void *start, const void *address)
{
	return (size_t)((uintptr_t)address - (uintptr_t)start);
}

static enum lab_word describe_frame(size_t frame, size_t member, char *text, size_t room)
{
	const char *name = member < offsetof(struct lab_buddy_frame, prev)    ? "next in list"
			   : member < offsetof(struct lab_buddy_frame, span)  ? "previous in list"
			   : member < offsetof(struct lab_buddy_frame, state) ? "span"
			   : member < offsetof(struct lab_buddy_frame, order) ? "state"
									      : "order";

	snprintf(text, room, "frame %zu %s", frame, name);
	return LAB_WORD_NUMBER;
}

enum lab_word lab_buddy_describe(const struct lab_buddy *buddy, const void *address, char *text, size_t room)
{
	static const char *const zones[LAB_ZONE_COUNT] = {"dma", "normal"};
	size_t in_frames = offset_in(buddy->frames, address), in_lists = offset_in(buddy->first, address);
	size_t in_counts = offset_in(buddy->free_frames, address);
	size_t frame = in_frames / sizeof(*buddy->frames), list = in_lists / sizeof(buddy->first[0][0]);

	if (frame < buddy->machine->frame_count)
		return describe_frame(frame, in_frames % sizeof(*buddy->frames), text, room);
	if (in_lists < sizeof(buddy->first))
		snprintf(text, room, "zone %s list of order %zu", zones[list / (LAB_ORDER_MAX + 1)],
			 list % (LAB_ORDER_MAX + 1));
	else if (in_counts < sizeof(buddy->free_frames))
		snprintf(text, room, "zone %s free frames", zones[in_counts / sizeof(buddy->free_frames[0])]);
	else
		return LAB_WORD_NONE;
	return LAB_WORD_NUMBER;
}
