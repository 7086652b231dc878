/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

#include "zone.h"

static const struct lab_machine *machine;
static struct lab_spinlock lock;

static void zone_lock(void)
{
	machine->host->spin_lock(&lock);
}

static void zone_unlock(void)
{
	machine->host->spin_unlock(&lock);
}

static enum lab_status adapter_create(const struct lab_machine *with, void **ret_self)
{
	static struct zone_ops ops = {.lock = zone_lock, .unlock = zone_unlock};

	machine = with;
	ops.irq_save = with->host->irq_save;
	ops.irq_restore = with->host->irq_restore;
	if (zone_init((uint32_t)with->frame_count, with->cpu_count, &ops) != 0)
		return LAB_NO_MEMORY;
	for (size_t i = 0; i < with->span_count; i++)
		zone_add((uint32_t)with->spans[i].first_frame, (uint32_t)with->spans[i].frame_count);
	*ret_self = &machine;
	return LAB_OK;
}

static enum lab_status adapter_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	uint32_t frame = request->order || request->gfp & LAB_GFP_DMA ? ZONE_NONE : zone_take(request->cpu);

	if (frame == ZONE_NONE)
		return LAB_NO_MEMORY;
	*ret_block = (char *)machine->base + ((size_t)frame << machine->page_shift);
	return LAB_OK;
}

static enum lab_status adapter_free(void *self, void *block, const struct lab_request *request)
{
	zone_give(request->cpu, (uint32_t)((size_t)((char *)block - (char *)machine->base) >> machine->page_shift));
	return LAB_OK;
}

static void adapter_drain(void *self, unsigned cpu)
{
	if (machine->host->cpu() == cpu) /* its list has no lock: nobody else may touch it */
		zone_drain(cpu);
}

const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "zone",
		.summary = "single frames, with a list for each CPU",
		.caps = LAB_CAP_ARENA | LAB_CAP_IRQ,
		.page_shift_min = 6,
		.create = adapter_create,
		.alloc = adapter_alloc,
		.free = adapter_free,
		.drain = adapter_drain,
	};

	return &target;
}
