/* SPDX-License-Identifier: Apache-2.0 */
#include "target/buddy.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

#define NOWHERE UINT64_MAX /* ends a free list */

static enum lab_zone zone_of(const struct lab_buddy *buddy, uint64_t frame)
{
	return buddy->machine->spans[buddy->frames[frame].span].zone;
}

static bool inside_span(const struct lab_buddy *buddy, uint32_t span_idx, uint64_t frame, unsigned order)
{
	const struct lab_span *span = &buddy->machine->spans[span_idx];
	uint64_t end = span->first_frame + span->frame_count;

	return frame >= span->first_frame && frame + (UINT64_C(1) << order) <= end;
}

static void push(struct lab_buddy *buddy, uint64_t frame, unsigned order)
{
	struct lab_buddy_frame *block = &buddy->frames[frame];
	uint64_t *first = &buddy->first[zone_of(buddy, frame)][order];

	block->state = LAB_BUDDY_FREE_HEAD;
	block->order = (uint8_t)order;
	block->prev = NOWHERE;
	block->next = *first;
	if (*first != NOWHERE)
		buddy->frames[*first].prev = frame;
	*first = frame;
}

static void unlink_block(struct lab_buddy *buddy, uint64_t frame)
{
	struct lab_buddy_frame *block = &buddy->frames[frame];

	if (block->prev != NOWHERE)
		buddy->frames[block->prev].next = block->next;
	else
		buddy->first[zone_of(buddy, frame)][block->order] = block->next;
	if (block->next != NOWHERE)
		buddy->frames[block->next].prev = block->prev;
	block->state = LAB_BUDDY_FREE_BODY;
}

static void set_states(struct lab_buddy *buddy, uint64_t frame, unsigned order, enum lab_buddy_state head,
		       enum lab_buddy_state body)
{
	buddy->frames[frame].state = head;
	buddy->frames[frame].order = (uint8_t)order;
	for (uint64_t i = 1; i < UINT64_C(1) << order; i++)
		buddy->frames[frame + i].state = body;
}

/* Fills the lists with the greatest aligned blocks of one span. */
static void add_blocks(struct lab_buddy *buddy, uint32_t span_idx)
{
	const struct lab_span *span = &buddy->machine->spans[span_idx];
	uint64_t end = span->first_frame + span->frame_count;

	for (uint64_t frame = span->first_frame; frame < end; frame++) {
		buddy->frames[frame].span = span_idx;
		buddy->frames[frame].state = LAB_BUDDY_FREE_BODY;
	}
	for (uint64_t frame = span->first_frame; frame < end;) {
		unsigned order = buddy->machine->order_max;

		while (frame & lab_bits_low(order) || !inside_span(buddy, span_idx, frame, order))
			order--;
		push(buddy, frame, order);
		frame += UINT64_C(1) << order;
	}
	buddy->free_frames[span->zone] += span->frame_count;
}

/* A span's frames are a hole together. */
static bool is_absent(const struct lab_buddy *buddy, const struct lab_span *span)
{
	return buddy->frames[span->first_frame].state == LAB_BUDDY_HOLE;
}

enum lab_status lab_buddy_init(struct lab_buddy *buddy, const struct lab_machine *machine)
{
	lab_assert_cmp(machine->order_max, <=, LAB_ORDER_MAX);
	*buddy = (struct lab_buddy){.machine = machine};
	buddy->frames = calloc(LAB_MAX(machine->frame_count, UINT64_C(1)), sizeof(*buddy->frames));
	if (!buddy->frames)
		return LAB_SYSTEM;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
			buddy->first[zone][order] = NOWHERE;
	for (size_t i = 0; i < machine->span_count; i++)
		add_blocks(buddy, (uint32_t)i);
	return LAB_OK;
}

void lab_buddy_fini(struct lab_buddy *buddy)
{
	free(buddy->frames);
}

enum lab_status lab_buddy_remove_span(struct lab_buddy *buddy, unsigned span_idx, const struct lab_zone_marks *marks)
{
	const struct lab_span *span = &buddy->machine->spans[span_idx];
	uint64_t *free_frames;

	if (span_idx >= buddy->machine->span_count)
		return LAB_INVALID;
	free_frames = &buddy->free_frames[span->zone];
	if (is_absent(buddy, span))
		return LAB_UNCHANGED;
	for (uint64_t i = 0; i < span->frame_count; i++)
		if (buddy->frames[span->first_frame + i].state >= LAB_BUDDY_USED_HEAD)
			return LAB_BUSY;
	if (*free_frames - span->frame_count < marks[span->zone].high)
		return LAB_NO_MEMORY;
	for (uint64_t i = 0; i < span->frame_count; i++) {
		if (buddy->frames[span->first_frame + i].state == LAB_BUDDY_FREE_HEAD)
			unlink_block(buddy, span->first_frame + i);
		buddy->frames[span->first_frame + i].state = LAB_BUDDY_HOLE;
	}
	*free_frames -= span->frame_count;
	return LAB_OK;
}

enum lab_status lab_buddy_add_span(struct lab_buddy *buddy, unsigned span_idx)
{
	if (span_idx >= buddy->machine->span_count)
		return LAB_INVALID;
	if (!is_absent(buddy, &buddy->machine->spans[span_idx]))
		return LAB_UNCHANGED;
	add_blocks(buddy, span_idx);
	return LAB_OK;
}

bool lab_buddy_take(struct lab_buddy *buddy, enum lab_zone zone, unsigned order, uint64_t *ret_frame)
{
	unsigned have = order;
	uint64_t frame;

	while (have <= buddy->machine->order_max && buddy->first[zone][have] == NOWHERE)
		have++;
	if (have > buddy->machine->order_max)
		return false;
	frame = buddy->first[zone][have];
	unlink_block(buddy, frame);
	while (have > order) {
		have--;
		push(buddy, frame + (UINT64_C(1) << have), have);
	}
	set_states(buddy, frame, order, LAB_BUDDY_USED_HEAD, LAB_BUDDY_USED_BODY);
	buddy->free_frames[zone] -= UINT64_C(1) << order;
	*ret_frame = frame;
	return true;
}

void lab_buddy_give(struct lab_buddy *buddy, uint64_t frame)
{
	unsigned order = buddy->frames[frame].order;

	lab_assert_cmp(buddy->frames[frame].state, ==, LAB_BUDDY_USED_HEAD);
	set_states(buddy, frame, order, LAB_BUDDY_FREE_BODY, LAB_BUDDY_FREE_BODY);
	buddy->free_frames[zone_of(buddy, frame)] += UINT64_C(1) << order;
	while (order < buddy->machine->order_max) {
		uint64_t other = frame ^ UINT64_C(1) << order;
		uint64_t pair = LAB_MIN(frame, other);

		/* The span first: beyond it there may be no frame to ask. */
		if (!inside_span(buddy, buddy->frames[frame].span, pair, order + 1))
			break;
		if (buddy->frames[other].state != LAB_BUDDY_FREE_HEAD || buddy->frames[other].order != order)
			break;
		unlink_block(buddy, other);
		frame = pair;
		order++;
	}
	push(buddy, frame, order);
}

/* A free block must lie whole in its span, and its other half must not be a free block that it missed to merge with. */
static bool check_free_block(const struct lab_buddy *buddy, uint64_t frame)
{
	const struct lab_buddy_frame *block = &buddy->frames[frame];
	uint64_t other = frame ^ UINT64_C(1) << block->order;

	if (block->order > buddy->machine->order_max || frame & lab_bits_low(block->order) ||
	    !inside_span(buddy, block->span, frame, block->order))
		return false;
	for (uint64_t i = 1; i < UINT64_C(1) << block->order; i++)
		if (buddy->frames[frame + i].state != LAB_BUDDY_FREE_BODY)
			return false;
	if (block->order == buddy->machine->order_max ||
	    !inside_span(buddy, block->span, LAB_MIN(frame, other), block->order + 1u))
		return true;
	return buddy->frames[other].state != LAB_BUDDY_FREE_HEAD || buddy->frames[other].order != block->order;
}

/* Frames in the lists of a zone; NOWHERE when a list holds what is not a free block of that zone and order. */
static uint64_t listed_frames(const struct lab_buddy *buddy, enum lab_zone zone)
{
	uint64_t listed = 0;

	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++) {
		uint64_t prev = NOWHERE;

		for (uint64_t frame = buddy->first[zone][order]; frame != NOWHERE; frame = buddy->frames[frame].next) {
			const struct lab_buddy_frame *block = &buddy->frames[frame];

			if (block->state != LAB_BUDDY_FREE_HEAD || block->order != order || block->prev != prev ||
			    zone_of(buddy, frame) != zone)
				return NOWHERE;
			listed += UINT64_C(1) << order;
			prev = frame;
		}
	}
	return listed;
}

bool lab_buddy_check(const struct lab_buddy *buddy)
{
	uint64_t seen[LAB_ZONE_COUNT] = {0};

	for (size_t i = 0; i < buddy->machine->span_count; i++) {
		const struct lab_span *span = &buddy->machine->spans[i];

		for (uint64_t frame = span->first_frame; frame < span->first_frame + span->frame_count; frame++) {
			unsigned state = buddy->frames[frame].state;

			if ((state == LAB_BUDDY_HOLE) != is_absent(buddy, span))
				return false;
			if (state == LAB_BUDDY_FREE_HEAD && !check_free_block(buddy, frame))
				return false;
			seen[span->zone] += state == LAB_BUDDY_FREE_HEAD || state == LAB_BUDDY_FREE_BODY;
		}
	}
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (seen[zone] != buddy->free_frames[zone] || listed_frames(buddy, zone) != seen[zone])
			return false;
	return true;
}
