/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: hot-unplug
 * rule:  R04
 * found: explore
 * wild:  https://lkml.iu.edu/2605.2/08737.html (a free is put on the list of a CPU that may go meanwhile)
 *
 * 1. Whether a CPU is there is a flag of its own. A free looks at it: the CPU is there.
 * 2. Another CPU takes it offline: it clears the flag, and takes over all that the CPU's list of frees holds.
 * 3. The free puts its frame into the list that was emptied. Only lists of CPUs that are there are collected.
 */
#include "plat/atomic.h"
#include "tests/canary/frames.h"

#define CPUS_MOST 64u

struct pool {
	const struct lab_machine *machine;
	struct lab_spinlock lock; /* guards `common`, who collects and who comes and goes */
	uint32_t common;
	lab_atomic32 offline[CPUS_MOST], freed[CPUS_MOST];
	uint32_t behind[];
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool) + (machine->frame_count + 1) * sizeof(pool->behind[0]));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	canary_fill(machine, LAB_ZONE_NORMAL, &pool->common, pool->behind);
	*ret_self = pool;
	return LAB_OK;
}

/* Under the lock. */
static void collect(struct pool *pool, unsigned cpu)
{
	/* Takes the list and its frames' content from pool_free. */
	canary_push_list(&pool->common, pool->behind, lab_exchange_acquire(&pool->freed[cpu], 0));
}

static bool is_online(struct pool *pool, unsigned cpu)
{
	return !lab_load_relaxed(&pool->offline[cpu]); /* a flag: it publishes nothing */
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	unsigned long flags;
	uint32_t frame;

	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	flags = canary_enter(pool->machine, &pool->lock);
	for (unsigned cpu = 0; !pool->common && cpu < pool->machine->cpu_count; cpu++)
		if (is_online(pool, cpu))
			collect(pool, cpu);
	frame = canary_pop(&pool->common, pool->behind);
	canary_leave(pool->machine, &pool->lock, flags);
	if (!frame)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(pool->machine, frame - 1);
	return LAB_OK;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	uint32_t frame = (uint32_t)canary_frame(pool->machine, block) + 1;
	uint32_t head = lab_load_relaxed(&pool->freed[request->cpu]); /* the swap below compares it */
	unsigned long flags;

	if (is_online(pool, request->cpu)) { /* the bug: it may go before the frame is in its list */
		do
			pool->behind[frame] = head;
		/* Publishes the frame's content and what lies behind it to collect. */
		while (!lab_cas_release(&pool->freed[request->cpu], &head, frame));
		return LAB_OK;
	}
	flags = canary_enter(pool->machine, &pool->lock);
	canary_push(&pool->common, pool->behind, frame);
	canary_leave(pool->machine, &pool->lock, flags);
	return LAB_OK;
}

static void pool_drain(void *self, unsigned cpu)
{
	struct pool *pool = self;
	unsigned long flags = canary_enter(pool->machine, &pool->lock);

	collect(pool, cpu);
	canary_leave(pool->machine, &pool->lock, flags);
}

static enum lab_status plug(struct pool *pool, unsigned cpu, uint32_t offline)
{
	unsigned long flags = canary_enter(pool->machine, &pool->lock);

	lab_store_relaxed(&pool->offline[cpu], offline); /* as in is_online */
	collect(pool, cpu);
	canary_leave(pool->machine, &pool->lock, flags);
	return LAB_OK;
}

static enum lab_status pool_cpu_offline(void *self, unsigned cpu)
{
	return plug(self, cpu, 1);
}

static enum lab_status pool_cpu_online(void *self, unsigned cpu)
{
	return plug(self, cpu, 0);
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r04-free-into-dead",
	.summary = "a free that fills the list of a CPU that has just gone",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_HOTPLUG,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.drain = pool_drain,
	.cpu_offline = pool_cpu_offline,
	.cpu_online = pool_cpu_online,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
