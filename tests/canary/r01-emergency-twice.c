/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: interrupt safety
 * rule:  R01
 * found: explore
 * wild:  why Linux's trace_printk has buffers for four nestings on each CPU
 *
 * 1. A task that walks the free frames marks its CPU as busy, and an interrupt that comes in then does not walk them
 *    too: it gets the CPU's emergency frame. The task replaces that when it is done.
 * 2. An interrupt comes in over the walk, gets the emergency frame, keeps it, and returns.
 * 3. It comes in a second time before the task has gone on, finds the CPU busy, and gets the same frame.
 */
#include "plat/atomic.h"
#include "tests/canary/frames.h"

#define CPUS 64u
#define NONE UINT32_MAX

struct pool {
	const struct lab_machine *machine;
	struct {
		bool busy, used;
		uint32_t emergency;
	} cpus[CPUS];
	lab_atomic8 taken[];
};

static uint32_t walk(struct pool *pool)
{
	for (uint32_t frame = 0; frame < pool->machine->frame_count; frame++)
		/* Takes the frame's content from who freed it. */
		if (!lab_load_relaxed(&pool->taken[frame]) && !lab_exchange_acquire(&pool->taken[frame], 1))
			return frame;
	return NONE;
}

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool) + machine->frame_count);

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		pool->cpus[cpu].emergency = cpu < machine->cpu_count ? walk(pool) : NONE;
	*ret_self = pool;
	return LAB_OK;
}

static uint32_t take_in_interrupt(struct pool *pool, unsigned cpu)
{
	if (!pool->cpus[cpu].busy)
		return walk(pool);
	pool->cpus[cpu].used = true; /* the bug: it may be used already */
	return pool->cpus[cpu].emergency;
}

static uint32_t take_in_task(struct pool *pool, unsigned cpu)
{
	uint32_t frame;

	pool->cpus[cpu].busy = true;
	frame = walk(pool);
	pool->cpus[cpu].busy = false;
	if (pool->cpus[cpu].used) {
		pool->cpus[cpu].used = false;
		pool->cpus[cpu].emergency = walk(pool);
	}
	return frame;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	bool task = pool->machine->host->context() == LAB_CONTEXT_TASK;
	unsigned cpu = request->cpu % CPUS;
	uint32_t frame = NONE;

	if (!request->order)
		frame = task ? take_in_task(pool, cpu) : take_in_interrupt(pool, cpu);
	if (frame == NONE)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(pool->machine, frame);
	return LAB_OK;
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
	.name = "r01-emergency-twice",
	.summary = "one emergency frame a CPU, given to each interrupt",
	.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
