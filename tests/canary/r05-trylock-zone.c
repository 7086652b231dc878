/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: interrupt safety
 * rule:  R05
 * found: explore
 * wild:  Linux's free_pages_nolock(), whose frames wait in a list of their zone when its lock is taken
 *
 * 1. A free only tries the zone's lock, and takes its rightful way whenever that is to be had.
 * 2. Another CPU is inside, or the frame is freed by an interrupt over it: the try fails.
 * 3. The frame is put aside for later, and aside is one list, that of zone 0.
 * 4. The next request of that zone finds what was put aside: a frame of another zone serves DMA.
 */
#include "plat/atomic.h"
#include "tests/canary/frames.h"

struct pool {
	const struct lab_machine *machine;
	struct zone {
		struct lab_spinlock lock; /* guards `common` */
		uint32_t common;
		lab_atomic32 aside;
	} zones[LAB_ZONE_COUNT];
	uint32_t behind[];
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool) + (machine->frame_count + 1) * sizeof(pool->behind[0]));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		canary_fill(machine, zone, &pool->zones[zone].common, pool->behind);
	*ret_self = pool;
	return LAB_OK;
}

static uint32_t take(struct pool *pool, struct zone *zone)
{
	const struct lab_host *host = pool->machine->host;
	unsigned long flags = host->irq_save();
	uint32_t frame;

	host->spin_lock(&zone->lock);
	/* Takes the list and its frames' content from put_aside. */
	for (uint32_t list = lab_exchange_acquire(&zone->aside, 0), next; list; list = next) {
		next = pool->behind[list];
		canary_push(&zone->common, pool->behind, list);
	}
	frame = canary_pop(&zone->common, pool->behind);
	host->spin_unlock(&zone->lock);
	host->irq_restore(flags);
	return frame;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	uint32_t frame = 0;

	if (request->order)
		return LAB_NO_MEMORY;
	if (!(request->gfp & LAB_GFP_DMA))
		frame = take(pool, &pool->zones[LAB_ZONE_NORMAL]);
	if (!frame)
		frame = take(pool, &pool->zones[LAB_ZONE_DMA]);
	if (!frame)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(pool->machine, frame - 1);
	return LAB_OK;
}

static void put_aside(struct pool *pool, uint32_t frame)
{
	struct zone *zone = &pool->zones[0];            /* the bug: not the frame's own */
	uint32_t head = lab_load_relaxed(&zone->aside); /* the swap below compares it */

	do
		pool->behind[frame] = head;
	/* Publishes the frame's content and what lies behind it to take. */
	while (!lab_cas_release(&zone->aside, &head, frame));
}

static enum lab_zone zone_of(const struct lab_machine *machine, uint64_t frame)
{
	size_t i = 0;

	while (frame - machine->spans[i].first_frame >= machine->spans[i].frame_count)
		i++;
	return machine->spans[i].zone;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	const struct lab_host *host = pool->machine->host;
	uint64_t frame = canary_frame(pool->machine, block);
	struct zone *zone = &pool->zones[zone_of(pool->machine, frame)];
	unsigned long flags = host->irq_save();

	if (host->spin_trylock(&zone->lock)) {
		canary_push(&zone->common, pool->behind, (uint32_t)frame + 1);
		host->spin_unlock(&zone->lock);
	} else {
		put_aside(pool, (uint32_t)frame + 1);
	}
	host->irq_restore(flags);
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r05-trylock-zone",
	.summary = "frees that find the lock taken go to zone 0",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
