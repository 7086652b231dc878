/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: interrupt
 * rule:  R01 R04
 * found: explore
 *
 * Single frames: a magazine for each CPU, behind them a depot under a lock. The bug: the magazine is popped with
 * interrupts open, so that who interrupts pops the same frame.
 */
#include "blind.h"

#define ROUNDS 8u

struct magazine {
	struct lab_spinlock lock; /* for drains from elsewhere */
	unsigned count;
	uint32_t rounds[ROUNDS];
};

struct depot {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	struct magazine cpus[64];
	uint64_t count;
	uint32_t frames[];
};

static enum lab_status depot_create(const struct lab_machine *machine, void **ret_self)
{
	struct depot *depot = calloc(1, sizeof(*depot) + machine->frame_count * sizeof(depot->frames[0]));

	if (!depot)
		return LAB_SYSTEM;
	depot->machine = machine;
	for (uint64_t frame = machine->frame_count; frame-- > 0;)
		if (blind_span(machine, frame))
			depot->frames[depot->count++] = (uint32_t)frame;
	*ret_self = depot;
	return LAB_OK;
}

static void depot_destroy(void *self)
{
	free(self);
}

/* Interrupts are masked. `keep` rounds stay in the magazine, or come into it. */
static void exchange(struct depot *depot, struct magazine *magazine, unsigned keep)
{
	depot->machine->host->spin_lock(&depot->lock);
	while (magazine->count > keep)
		depot->frames[depot->count++] = magazine->rounds[--magazine->count];
	while (magazine->count < keep && depot->count)
		magazine->rounds[magazine->count++] = depot->frames[--depot->count];
	depot->machine->host->spin_unlock(&depot->lock);
}

static uint64_t pop(struct magazine *magazine)
{
	uint32_t frame = magazine->rounds[magazine->count - 1];

	magazine->count--;
	return frame;
}

static enum lab_status depot_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct depot *depot = self;
	const struct lab_host *host = depot->machine->host;
	struct magazine *magazine = &depot->cpus[host->cpu()];
	uint64_t frame = BLIND_NOTHING;
	unsigned long flags;

	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	if (BUG && magazine->count)
		return blind_answer(depot->machine, pop(magazine), ret_block);
	flags = host->irq_save();
	host->spin_lock(&magazine->lock);
	if (!magazine->count)
		exchange(depot, magazine, ROUNDS / 2);
	if (magazine->count)
		frame = pop(magazine);
	host->spin_unlock(&magazine->lock);
	host->irq_restore(flags);
	return blind_answer(depot->machine, frame, ret_block);
}

static enum lab_status depot_free(void *self, void *block, const struct lab_request *request)
{
	struct depot *depot = self;
	const struct lab_host *host = depot->machine->host;
	unsigned long flags = host->irq_save();
	struct magazine *magazine = &depot->cpus[host->cpu()];

	(void)request;
	host->spin_lock(&magazine->lock);
	if (magazine->count == ROUNDS)
		exchange(depot, magazine, ROUNDS / 2);
	magazine->rounds[magazine->count++] = (uint32_t)blind_frame(depot->machine, block);
	host->spin_unlock(&magazine->lock);
	host->irq_restore(flags);
	return LAB_OK;
}

static void depot_drain(void *self, unsigned cpu)
{
	struct depot *depot = self;
	const struct lab_host *host = depot->machine->host;
	unsigned long flags = host->irq_save();

	host->spin_lock(&depot->cpus[cpu].lock);
	exchange(depot, &depot->cpus[cpu], 0);
	host->spin_unlock(&depot->cpus[cpu].lock);
	host->irq_restore(flags);
}

BLIND_TARGET("magazine", depot, LAB_CAP_ARENA | LAB_CAP_IRQ, .drain = depot_drain)
