/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: two threads, full machine
 * rule:  R01 R04 R11
 * found: explore
 *
 * Each CPU has the frames that were freed on it, linked through the frames themselves, and at first an equal part of
 * the machine. Who has nothing left steals from the next CPU. The bug: the thief reads the other's list without its
 * lock.
 */
#include "blind.h"

struct pile {
	uint32_t locked;
	void *top;
};

struct piles {
	const struct lab_machine *machine;
	struct pile cpus[64];
};

static void lock(struct piles *piles, struct pile *pile)
{
	while (blind_swap(&pile->locked, 1))
		piles->machine->host->cpu_relax();
}

static void unlock(struct pile *pile)
{
	blind_store(&pile->locked, 0);
}

static void push(struct pile *pile, void *block)
{
	*(void **)block = pile->top;
	pile->top = block;
}

static void *pop(struct pile *pile)
{
	void *block = pile->top;

	if (block)
		pile->top = *(void **)block;
	return block;
}

static enum lab_status piles_create(const struct lab_machine *machine, void **ret_self)
{
	struct piles *piles = calloc(1, sizeof(*piles));
	unsigned cpu = 0;

	if (!piles)
		return LAB_SYSTEM;
	piles->machine = machine;
	for (uint64_t frame = 0; frame < machine->frame_count; frame++)
		if (blind_span(machine, frame))
			push(&piles->cpus[cpu++ % machine->cpu_count], blind_block(machine, frame));
	*ret_self = piles;
	return LAB_OK;
}

static void piles_destroy(void *self)
{
	free(self);
}

static enum lab_status piles_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct piles *piles = self;
	unsigned count = piles->machine->cpu_count;
	void *block = NULL;
	unsigned long flags;

	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	flags = piles->machine->host->irq_save();
	for (unsigned i = 0; i < count && !block; i++) {
		struct pile *pile = &piles->cpus[(request->cpu + i) % count];

		if (i && BUG) {
			block = pop(pile);
			continue;
		}
		lock(piles, pile);
		block = pop(pile);
		unlock(pile);
	}
	piles->machine->host->irq_restore(flags);
	if (!block)
		return LAB_NO_MEMORY;
	*ret_block = block;
	return LAB_OK;
}

static enum lab_status piles_free(void *self, void *block, const struct lab_request *request)
{
	struct piles *piles = self;
	unsigned long flags = piles->machine->host->irq_save();

	lock(piles, &piles->cpus[request->cpu]);
	push(&piles->cpus[request->cpu], block);
	unlock(&piles->cpus[request->cpu]);
	piles->machine->host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("steal", piles, LAB_CAP_ARENA | LAB_CAP_IRQ)
