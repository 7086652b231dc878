/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: hot-unplug
 * rule:  R04
 * found: explore
 * wild:  https://github.com/mjansson/rpmalloc/issues/157 (a list of deferred frees is taken whole by one exchange)
 *
 * 1. Frees go to a list of their CPU without a lock; a drain, or an allocation that finds nothing, collects all lists.
 * 2. The collector, on another CPU, reads the head of a list.
 * 3. A free puts its frame in front, by a compare-and-swap that finds nothing wrong.
 * 4. The collector writes that the list is empty: read and write are two steps. The frame is in no list.
 */
#include "plat/atomic.h"
#include "tests/canary/frames.h"

struct pool {
	const struct lab_machine *machine;
	struct lab_spinlock lock; /* guards `common` and who collects */
	uint32_t common;
	lab_atomic32 *freed; /* by CPU */
	uint32_t behind[];
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	size_t words = machine->frame_count + 1 + machine->cpu_count;
	struct pool *pool = calloc(1, sizeof(*pool) + words * sizeof(pool->behind[0]));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	pool->freed = (lab_atomic32 *)(pool->behind + machine->frame_count + 1);
	canary_fill(machine, LAB_ZONE_NORMAL, &pool->common, pool->behind);
	*ret_self = pool;
	return LAB_OK;
}

/* Under the lock. */
static void collect(struct pool *pool, unsigned cpu)
{
	uint32_t frame =
		lab_load_acquire(&pool->freed[cpu]); /* takes the list and its frames' content from pool_free */

	if (!frame)
		return;
	lab_store_relaxed(&pool->freed[cpu], 0); /* the bug: what was put in front since is lost */
	canary_push_list(&pool->common, pool->behind, frame);
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

	do
		pool->behind[frame] = head;
	/* Publishes the frame's content and what lies behind it to collect. */
	while (!lab_cas_release(&pool->freed[request->cpu], &head, frame));
	return LAB_OK;
}

static void pool_drain(void *self, unsigned cpu)
{
	struct pool *pool = self;
	unsigned long flags = canary_enter(pool->machine, &pool->lock);

	collect(pool, cpu);
	canary_leave(pool->machine, &pool->lock, flags);
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r04-drain-drops",
	.summary = "a drain that loses what is freed meanwhile",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.drain = pool_drain,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
