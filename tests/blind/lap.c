/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: wrap
 * rule:  R01 R04
 * found: explore
 *
 * Each CPU keeps some freed frames in a ring, whose ends are counts that go round. The bug: the ring has room for 6,
 * and the counts come round at 16.
 */
#include "blind.h"

#define ROOM (BUG ? 6u : 8u)

struct ring {
	struct lab_spinlock lock; /* for drains from elsewhere */
	uint8_t head : 4, tail : 4;
	uint32_t frames[8];
};

struct rings {
	const struct lab_machine *machine;
	struct ring cpus[64];
	uint8_t used[];
};

static enum lab_status rings_create(const struct lab_machine *machine, void **ret_self)
{
	struct rings *rings = calloc(1, sizeof(*rings) + machine->frame_count);

	if (!rings)
		return LAB_SYSTEM;
	rings->machine = machine;
	*ret_self = rings;
	return LAB_OK;
}

static void rings_destroy(void *self)
{
	free(self);
}

static unsigned long lock(struct rings *rings, unsigned cpu)
{
	unsigned long flags = rings->machine->host->irq_save();

	rings->machine->host->spin_lock(&rings->cpus[cpu].lock);
	return flags;
}

static void unlock(struct rings *rings, unsigned cpu, unsigned long flags)
{
	rings->machine->host->spin_unlock(&rings->cpus[cpu].lock);
	rings->machine->host->irq_restore(flags);
}

static uint64_t pop(struct rings *rings, unsigned cpu)
{
	struct ring *ring = &rings->cpus[cpu];
	unsigned long flags = lock(rings, cpu);
	uint64_t frame = ring->head == ring->tail ? BLIND_NOTHING : ring->frames[ring->head++ % ROOM];

	unlock(rings, cpu, flags);
	return frame;
}

static enum lab_status rings_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct rings *rings = self;
	const struct lab_machine *machine = rings->machine;
	uint64_t frame;

	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	frame = pop(rings, request->cpu);
	for (uint64_t other = 0; other < machine->frame_count && frame == BLIND_NOTHING; other++) {
		uint8_t no = 0;

		if (blind_span(machine, other) && blind_cas(&rings->used[other], &no, 1))
			frame = other;
	}
	return blind_answer(machine, frame, ret_block);
}

static enum lab_status rings_free(void *self, void *block, const struct lab_request *request)
{
	struct rings *rings = self;
	struct ring *ring = &rings->cpus[request->cpu];
	uint64_t frame = blind_frame(rings->machine, block);
	unsigned long flags = lock(rings, request->cpu);
	bool kept = ((ring->tail - ring->head) & 15u) < ROOM;

	if (kept)
		ring->frames[ring->tail++ % ROOM] = (uint32_t)frame;
	unlock(rings, request->cpu, flags);
	if (!kept)
		blind_store(&rings->used[frame], 0);
	return LAB_OK;
}

static void rings_drain(void *self, unsigned cpu)
{
	struct rings *rings = self;
	uint64_t frame;

	while ((frame = pop(rings, cpu)) != BLIND_NOTHING)
		blind_store(&rings->used[frame], 0);
}

BLIND_TARGET("lap", rings, LAB_CAP_ARENA | LAB_CAP_IRQ, .drain = rings_drain)
