/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: split and merge
 * rule:  R04
 * found: explore
 * wild:  https://github.com/netdata/netdata/pull/21258 (what was looked up in a free list while it was being changed)
 *
 * 1. Free blocks lie in lists by order. A request looks, without the lock, for the first order that has one: k.
 * 2. Another CPU, or an interrupt, takes the last block of order k.
 * 3. With the lock, the request takes from the first list that has a block now, of order k + 1, and splits what it
 *    took as if it were of order k.
 * 4. The upper half is in no list and belongs to nobody: the remainder is off by one order.
 */
#include "tests/canary/frames.h"

#define ORDERS 11u

/* Over the first span, which is all that it uses. */
struct pool {
	const struct lab_machine *machine;
	struct lab_spinlock lock; /* guards the lists */
	uint32_t heads[ORDERS];
	uint32_t behind[];
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	const struct lab_span *span = &machine->spans[0];
	uint64_t end = span->first_frame + span->frame_count;
	struct pool *pool = calloc(1, sizeof(*pool) + (machine->frame_count + 1) * sizeof(pool->behind[0]));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	for (uint64_t frame = span->first_frame; frame < end;) {
		unsigned order = machine->order_max;

		while (frame & ((UINT64_C(1) << order) - 1) || frame + (UINT64_C(1) << order) > end)
			order--;
		canary_push(&pool->heads[order], pool->behind, (uint32_t)frame + 1);
		frame += UINT64_C(1) << order;
	}
	*ret_self = pool;
	return LAB_OK;
}

static unsigned first_order(const struct pool *pool, unsigned order)
{
	while (order < ORDERS && !pool->heads[order])
		order++;
	return order;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	const struct lab_host *host = pool->machine->host;
	unsigned order = first_order(pool, request->order), has; /* the bug: without the lock it may not stay so */
	unsigned long flags;
	uint32_t block = 0;

	if (order == ORDERS || !canary_zone_serves(&pool->machine->spans[0], request))
		return LAB_NO_MEMORY;
	flags = host->irq_save();
	host->spin_lock(&pool->lock);
	has = first_order(pool, order);
	if (has < ORDERS)
		block = canary_pop(&pool->heads[has], pool->behind);
	while (block && order > request->order) {
		order--;
		canary_push(&pool->heads[order], pool->behind, block + (1u << order));
	}
	host->spin_unlock(&pool->lock);
	host->irq_restore(flags);
	if (!block)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(pool->machine, block - 1);
	return LAB_OK;
}

/* Blocks are not merged again. */
static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	unsigned long flags = pool->machine->host->irq_save();

	pool->machine->host->spin_lock(&pool->lock);
	canary_push(&pool->heads[request->order], pool->behind, (uint32_t)canary_frame(pool->machine, block) + 1);
	pool->machine->host->spin_unlock(&pool->lock);
	pool->machine->host->irq_restore(flags);
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r04-split-stale",
	.summary = "splits by an order that was looked up too early",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
