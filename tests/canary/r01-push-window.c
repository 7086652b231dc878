/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: interrupt safety
 * rule:  R01
 * found: explore
 * wild:  why Linux links its per-CPU lists with interrupts masked
 *
 * 1. Each CPU has a list of free frames. A free looks at the head, H, writes it behind its frame, F, and only then
 * masks interrupts to make F the head.
 * 2. An interrupt in between takes H and keeps it. One that also gives H back leaves no trace.
 * 3. F becomes the head with H behind it: H is in use and in the list.
 */
#include "tests/canary/frames.h"

struct pool {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint32_t common;
	uint32_t *heads; /* by CPU */
	uint32_t behind[];
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	size_t words = machine->frame_count + 1 + machine->cpu_count;
	struct pool *pool = calloc(1, sizeof(*pool) + words * sizeof(pool->behind[0]));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	pool->heads = pool->behind + machine->frame_count + 1;
	for (uint32_t frame = (uint32_t)machine->frame_count; frame; frame--)
		canary_push(&pool->common, pool->behind, frame);
	*ret_self = pool;
	return LAB_OK;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	const struct lab_host *host = pool->machine->host;
	unsigned long flags = host->irq_save();
	uint32_t frame = request->order ? 0 : canary_pop(&pool->heads[request->cpu], pool->behind);

	if (!frame && !request->order) {
		host->spin_lock(&pool->lock);
		frame = canary_pop(&pool->common, pool->behind);
		host->spin_unlock(&pool->lock);
	}
	host->irq_restore(flags);
	if (!frame)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(pool->machine, frame - 1);
	return LAB_OK;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	uint32_t frame = (uint32_t)canary_frame(pool->machine, block) + 1;
	unsigned long flags;

	pool->behind[frame] = pool->heads[request->cpu]; /* the bug: what is the head now need not be so below */
	flags = pool->machine->host->irq_save();
	pool->heads[request->cpu] = frame;
	pool->machine->host->irq_restore(flags);
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r01-push-window",
	.summary = "per-CPU frames that are linked too early",
	.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
