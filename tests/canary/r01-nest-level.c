/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: interrupt safety
 * rule:  R01
 * found: explore
 * wild:  why Linux's tracing has a bit for each of four contexts
 *
 * 1. A frame that is taken is noted in the CPU's scratch before the request is finished: one place for tasks, one for
 *    interrupts, since an interrupt may come in over a task.
 * 2. A soft interrupt has noted its frame when a hard one comes in over it: both are interrupts, and use one place.
 * 3. The hard interrupt is done and goes with its frame; the soft one goes on with what is noted: the same.
 * 4. No task is ever wrong, and no interrupt that comes in over a task only.
 */
#include "plat/atomic.h"
#include "tests/canary/frames.h"

#define CPUS 64u

struct pool {
	const struct lab_machine *machine;
	uint32_t scratch[CPUS][2];
	lab_atomic8 taken[];
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool) + machine->frame_count);

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	*ret_self = pool;
	return LAB_OK;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	bool handler = pool->machine->host->context() != LAB_CONTEXT_TASK; /* the bug: there are four levels */
	uint32_t *noted = &pool->scratch[request->cpu % CPUS][handler];

	for (uint32_t frame = 0; frame < pool->machine->frame_count && !request->order; frame++) {
		/* Takes the frame's content from who freed it. */
		if (lab_load_relaxed(&pool->taken[frame]) || lab_exchange_acquire(&pool->taken[frame], 1))
			continue;
		*noted = frame;
		if (request->gfp & LAB_GFP_ZERO)
			__builtin_memset(canary_block(pool->machine, frame), 0, (size_t)1 << pool->machine->page_shift);
		*ret_block = canary_block(pool->machine, *noted);
		return LAB_OK;
	}
	return LAB_NO_MEMORY;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;

	/* Publishes the frame's content to who takes it. */
	lab_store_release(&pool->taken[canary_frame(pool->machine, block)], 0);
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r01-nest-level",
	.summary = "scratch for tasks and interrupts, not for interrupts in interrupts",
	.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
