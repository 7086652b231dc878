/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: order 10
 * rule:  R04 R06 R10
 * found: explore
 *
 * A buddy on linked lists under a ticket lock of its own. Of each block it notes the size in its head's entry. The bug:
 * ten bits hold 1..1023, and a block of order 10 has 1024.
 */
#include "blind.h"

#define ORDERS 11u
#define NONE   UINT32_MAX

struct head {
	uint32_t next, previous;
	uint32_t frames : BUG ? 10 : 11; /* 0: inside a block */
	uint32_t free : 1;
};

struct buddy {
	const struct lab_machine *machine;
	uint32_t ticket, turn;
	uint32_t lists[LAB_ZONE_COUNT][ORDERS];
	struct head heads[];
};

static unsigned long enter(struct buddy *buddy)
{
	unsigned long flags = buddy->machine->host->irq_save();
	uint32_t mine = blind_add(&buddy->ticket, 1);

	while (blind_load(&buddy->turn) != mine)
		buddy->machine->host->cpu_relax();
	return flags;
}

static void leave(struct buddy *buddy, unsigned long flags)
{
	blind_store(&buddy->turn, buddy->turn + 1);
	buddy->machine->host->irq_restore(flags);
}

static unsigned order_of(uint64_t frames)
{
	return 63u - (unsigned)__builtin_clzll(frames);
}

static void link_in(struct buddy *buddy, uint32_t *list, uint32_t frame, unsigned order)
{
	struct head *head = &buddy->heads[frame];

	head->frames = 1u << order;
	head->free = 1;
	head->previous = NONE;
	head->next = *list;
	if (*list != NONE)
		buddy->heads[*list].previous = frame;
	*list = frame;
}

static void unlink_from(struct buddy *buddy, uint32_t *list, uint32_t frame)
{
	struct head *head = &buddy->heads[frame];

	if (head->previous == NONE)
		*list = head->next;
	else
		buddy->heads[head->previous].next = head->next;
	if (head->next != NONE)
		buddy->heads[head->next].previous = head->previous;
	head->free = 0;
}

static void put(struct buddy *buddy, const struct lab_span *span, uint32_t frame, unsigned order)
{
	uint32_t *lists = buddy->lists[span->zone];

	for (; order < buddy->machine->order_max; order++) {
		uint32_t other = frame ^ 1u << order, low = frame & ~(1u << order);
		struct head *head = &buddy->heads[other];

		if (low < span->first_frame || low + (2ull << order) > span->first_frame + span->frame_count)
			break;
		if (!head->free || head->frames != 1u << order)
			break;
		unlink_from(buddy, &lists[order], other);
		head->frames = 0;
		buddy->heads[frame].frames = 0;
		frame = low;
	}
	link_in(buddy, &lists[order], frame, order);
}

static uint64_t get(struct buddy *buddy, uint32_t *lists, unsigned order)
{
	unsigned from = order;
	uint32_t frame;

	while (from < ORDERS && lists[from] == NONE)
		from++;
	if (from == ORDERS)
		return BLIND_NOTHING;
	frame = lists[from];
	unlink_from(buddy, &lists[from], frame);
	while (from-- > order)
		link_in(buddy, &lists[from], frame + (1u << from), from);
	buddy->heads[frame].frames = 1u << order;
	return frame;
}

static enum lab_status buddy_create(const struct lab_machine *machine, void **ret_self)
{
	struct buddy *buddy = calloc(1, sizeof(*buddy) + machine->frame_count * sizeof(buddy->heads[0]));

	if (!buddy)
		return LAB_SYSTEM;
	buddy->machine = machine;
	memset(buddy->lists, 0xff, sizeof(buddy->lists));
	for (size_t i = 0; i < machine->span_count; i++)
		for (uint64_t f = 0; f < machine->spans[i].frame_count; f++)
			put(buddy, &machine->spans[i], (uint32_t)(machine->spans[i].first_frame + f), 0);
	*ret_self = buddy;
	return LAB_OK;
}

static void buddy_destroy(void *self)
{
	free(self);
}

static enum lab_status buddy_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct buddy *buddy = self;
	unsigned long flags = enter(buddy);
	uint64_t frame = BLIND_NOTHING;

	for (unsigned zone = LAB_ZONE_COUNT; zone-- > 0 && frame == BLIND_NOTHING;)
		if (blind_zone_serves((enum lab_zone)zone, request->gfp))
			frame = get(buddy, buddy->lists[zone], request->order);
	leave(buddy, flags);
	return blind_answer(buddy->machine, frame, ret_block);
}

static enum lab_status buddy_free(void *self, void *block, const struct lab_request *request)
{
	struct buddy *buddy = self;
	uint64_t frame = blind_frame(buddy->machine, block);
	const struct lab_span *span = blind_span(buddy->machine, frame);
	unsigned long flags = enter(buddy);
	uint32_t frames = buddy->heads[frame].frames;

	(void)request;
	if (frames)
		put(buddy, span, (uint32_t)frame, order_of(frames));
	leave(buddy, flags);
	return LAB_OK;
}

BLIND_TARGET("head-buddy", buddy, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_COALESCE | LAB_CAP_EXACT)
