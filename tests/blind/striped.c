/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: lost update
 * rule:  R01 R04
 * found: explore stress
 *
 * Lists of free blocks by order, each with its lock; what no list has is cut off the end of the zone. The bug: the cut
 * is made under the lock of the order, and two orders cut at once.
 */
#include "blind.h"

#define ORDERS 11u

struct list {
	uint32_t locked;
	uint32_t top; /* frame number plus 1 */
};

struct lists {
	const struct lab_machine *machine;
	const struct lab_span *span; /* the last one of zone NORMAL, which is all that it uses */
	uint64_t end;                /* what lies before was never used */
	uint32_t cutting;
	struct list orders[ORDERS];
	uint32_t below[];
};

static void lock(struct lists *lists, uint32_t *word)
{
	while (blind_swap(word, 1))
		lists->machine->host->cpu_relax();
}

static void unlock(uint32_t *word)
{
	blind_store(word, 0);
}

static enum lab_status lists_create(const struct lab_machine *machine, void **ret_self)
{
	struct lists *lists = calloc(1, sizeof(*lists) + (machine->frame_count + 1) * sizeof(lists->below[0]));

	if (!lists)
		return LAB_SYSTEM;
	lists->machine = machine;
	for (size_t i = 0; i < machine->span_count; i++)
		if (machine->spans[i].zone == LAB_ZONE_NORMAL)
			lists->span = &machine->spans[i];
	if (lists->span)
		lists->end = lists->span->first_frame + lists->span->frame_count;
	*ret_self = lists;
	return LAB_OK;
}

static void lists_destroy(void *self)
{
	free(self);
}

static void push(struct lists *lists, unsigned order, uint64_t frame)
{
	lists->below[frame + 1] = lists->orders[order].top;
	lists->orders[order].top = (uint32_t)frame + 1;
}

/* What is left over to be aligned goes on the order's own list if it is one block of it, else it was never there. */
static uint64_t cut(struct lists *lists, unsigned order)
{
	uint64_t count = UINT64_C(1) << order, frame = BLIND_NOTHING, end;

	if (!BUG)
		lock(lists, &lists->cutting);
	end = blind_load(&lists->end);
	/* Only where no frame is lost by it. */
	if (lists->span && end % count == 0 && end >= lists->span->first_frame + count) {
		frame = end - count;
		blind_store(&lists->end, frame);
	}
	if (!BUG)
		unlock(&lists->cutting);
	return frame;
}

static enum lab_status lists_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lists *lists = self;
	struct list *list = &lists->orders[request->order];
	unsigned long flags;
	uint64_t frame;

	if (request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	flags = lists->machine->host->irq_save();
	lock(lists, &list->locked);
	if (list->top) {
		frame = list->top - 1;
		list->top = lists->below[list->top];
	} else {
		frame = cut(lists, request->order);
	}
	unlock(&list->locked);
	/* A frame may be split off the lists of greater blocks. */
	for (unsigned from = 1; !request->order && frame == BLIND_NOTHING && from < ORDERS; from++) {
		struct list *other = &lists->orders[from];

		lock(lists, &other->locked);
		if (other->top) {
			frame = other->top - 1;
			other->top = lists->below[other->top];
		}
		unlock(&other->locked);
		for (uint64_t i = 1; frame != BLIND_NOTHING && i < UINT64_C(1) << from; i++) {
			lock(lists, &list->locked);
			push(lists, 0, frame + i);
			unlock(&list->locked);
		}
	}
	lists->machine->host->irq_restore(flags);
	return blind_answer(lists->machine, frame, ret_block);
}

static enum lab_status lists_free(void *self, void *block, const struct lab_request *request)
{
	struct lists *lists = self;
	struct list *list = &lists->orders[request->order];
	unsigned long flags = lists->machine->host->irq_save();

	lock(lists, &list->locked);
	push(lists, request->order, blind_frame(lists->machine, block));
	unlock(&list->locked);
	lists->machine->host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("striped", lists, LAB_CAP_ARENA | LAB_CAP_IRQ)
