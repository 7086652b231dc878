/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: pthread lock
 * rule:  R07
 * found: explore stress
 *
 * Per-CPU stashes of single frames with interrupts masked, and a store behind them under a pthread mutex, which an
 * interrupt only tries to take. The bug: so does a task; but an atomic request of a task waits for it, too.
 */
#include "blind.h"

#include <pthread.h>

#define ROOM 4u

struct stash {
	struct lab_spinlock lock;
	unsigned count;
	uint32_t frames[ROOM];
};

struct store {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	struct stash stashes[64];
	uint64_t count;
	uint32_t frames[];
};

static enum lab_status store_create(const struct lab_machine *machine, void **ret_self)
{
	struct store *store = calloc(1, sizeof(*store) + machine->frame_count * sizeof(store->frames[0]));

	if (!store)
		return LAB_SYSTEM;
	store->machine = machine;
	pthread_mutex_init(&store->lock, NULL);
	for (uint64_t frame = machine->frame_count; frame-- > 0;)
		if (blind_span(machine, frame))
			store->frames[store->count++] = (uint32_t)frame;
	*ret_self = store;
	return LAB_OK;
}

static void store_destroy(void *self)
{
	pthread_mutex_destroy(&((struct store *)self)->lock);
	free(self);
}

static uint64_t pop(struct store *store, unsigned cpu)
{
	struct stash *stash = &store->stashes[cpu];
	unsigned long flags = store->machine->host->irq_save();
	uint64_t frame = BLIND_NOTHING;

	store->machine->host->spin_lock(&stash->lock);
	if (stash->count)
		frame = stash->frames[--stash->count];
	store->machine->host->spin_unlock(&stash->lock);
	store->machine->host->irq_restore(flags);
	return frame;
}

static bool push(struct store *store, unsigned cpu, uint64_t frame)
{
	struct stash *stash = &store->stashes[cpu];
	unsigned long flags = store->machine->host->irq_save();
	bool pushed;

	store->machine->host->spin_lock(&stash->lock);
	pushed = stash->count < ROOM;
	if (pushed)
		stash->frames[stash->count++] = (uint32_t)frame;
	store->machine->host->spin_unlock(&stash->lock);
	store->machine->host->irq_restore(flags);
	return pushed;
}

static enum lab_status store_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct store *store = self;
	bool waits = BUG ? store->machine->host->context() == LAB_CONTEXT_TASK : !lab_gfp_is_atomic(request->gfp);
	uint64_t frame = BLIND_NOTHING;

	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	frame = pop(store, request->cpu);
	if (frame != BLIND_NOTHING)
		return blind_answer(store->machine, frame, ret_block);
	if (waits)
		pthread_mutex_lock(&store->lock);
	else if (pthread_mutex_trylock(&store->lock))
		return LAB_NO_MEMORY;
	if (store->count)
		frame = store->frames[--store->count];
	pthread_mutex_unlock(&store->lock);
	return blind_answer(store->machine, frame, ret_block);
}

/* Atomic: what finds neither room nor the mutex tries again, and others are not waited for in their sleep. */
static enum lab_status store_free(void *self, void *block, const struct lab_request *request)
{
	struct store *store = self;
	uint64_t frame = blind_frame(store->machine, block);

	for (unsigned cpu = request->cpu; !push(store, cpu, frame); cpu = (cpu + 1) % 64) {
		if (pthread_mutex_trylock(&store->lock))
			continue;
		store->frames[store->count++] = (uint32_t)frame;
		pthread_mutex_unlock(&store->lock);
		break;
	}
	return LAB_OK;
}

static void store_drain(void *self, unsigned cpu)
{
	struct store *store = self;

	for (unsigned other = cpu; other < 64; other += store->machine->cpu_count) {
		uint64_t frame = pop(store, other);

		while (frame != BLIND_NOTHING) {
			pthread_mutex_lock(&store->lock);
			store->frames[store->count++] = (uint32_t)frame;
			pthread_mutex_unlock(&store->lock);
			frame = pop(store, other);
		}
	}
}

BLIND_TARGET("mutex-irq", store, LAB_CAP_ARENA | LAB_CAP_IRQ, .drain = store_drain)
