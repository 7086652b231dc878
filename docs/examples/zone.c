/* SPDX-License-Identifier: Apache-2.0 */
#include "zone.h"

#include <stdlib.h>

#define CPUS  64u
#define BATCH 2u /* frames that go between the zone and a CPU's list at once */

struct list {
	uint32_t head, count;
};

static struct {
	const struct zone_ops *ops;
	uint32_t *next; /* of each free frame: the one below it in its list */
	struct list free;
	struct list cpus[CPUS];
} zone;

static void push(struct list *list, uint32_t frame)
{
	zone.next[frame] = list->head;
	list->head = frame;
	list->count++;
}

static uint32_t pop(struct list *list)
{
	uint32_t frame = list->head;

	if (frame != ZONE_NONE) {
		list->head = zone.next[frame];
		list->count--;
	}
	return frame;
}

int zone_init(uint32_t frames, unsigned cpus, const struct zone_ops *ops)
{
	zone.next = cpus <= CPUS ? calloc(frames, sizeof(zone.next[0])) : NULL;
	zone.ops = ops;
	zone.free = (struct list){ZONE_NONE, 0};
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		zone.cpus[cpu] = (struct list){ZONE_NONE, 0};
	return zone.next ? 0 : -1;
}

void zone_add(uint32_t first, uint32_t count)
{
	while (count--)
		push(&zone.free, first + count);
}

/* Up to a batch, with interrupts off. */
static void move(struct list *from, struct list *to)
{
	zone.ops->lock();
	for (unsigned i = 0; i < BATCH && from->head != ZONE_NONE; i++)
		push(to, pop(from));
	zone.ops->unlock();
}

uint32_t zone_take(unsigned cpu)
{
	struct list *own = &zone.cpus[cpu];
	uint32_t frame = own->head;
	unsigned long flags;

	/* Most often there is one: take it off the list. */
	if (frame != ZONE_NONE) {
		flags = zone.ops->irq_save();
		own->head = zone.next[frame];
		own->count--;
		zone.ops->irq_restore(flags);
		return frame;
	}
	flags = zone.ops->irq_save();
	move(&zone.free, own);
	frame = pop(own);
	zone.ops->irq_restore(flags);
	return frame;
}

void zone_give(unsigned cpu, uint32_t frame)
{
	struct list *own = &zone.cpus[cpu];
	unsigned long flags = zone.ops->irq_save();

	push(own, frame);
	if (own->count >= 2 * BATCH)
		move(own, &zone.free);
	zone.ops->irq_restore(flags);
}

void zone_drain(unsigned cpu)
{
	struct list *own = &zone.cpus[cpu];
	unsigned long flags = zone.ops->irq_save();

	while (own->count)
		move(own, &zone.free);
	zone.ops->irq_restore(flags);
}
