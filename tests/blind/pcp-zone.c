/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: hot-unplug
 * rule:  R04
 * found: explore
 *
 * Zones with watermarks under one lock each, and per-CPU lists of single frames, as Linux has them. The bug: a CPU that
 * goes gives its list back in whole batches, and the rest of one stays with it.
 */
#include "blind.h"

#define BATCH 4u
#define ROOM  12u

struct pcp {
	struct lab_spinlock lock;
	bool offline;
	unsigned count;
	uint32_t frames[ROOM];
};

struct area {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint64_t free_count[LAB_ZONE_COUNT]; /* those in per-CPU lists included */
	struct pcp pcps[64];
	uint8_t used[];
};

static enum lab_status area_create(const struct lab_machine *machine, void **ret_self)
{
	struct area *area = calloc(1, sizeof(*area) + machine->frame_count);

	if (!area)
		return LAB_SYSTEM;
	area->machine = machine;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		area->free_count[zone] = machine->zones[zone].frames;
	*ret_self = area;
	return LAB_OK;
}

static void area_destroy(void *self)
{
	free(self);
}

/* Interrupts are masked, the area is locked. */
static bool allowed(const struct area *area, unsigned zone, lab_gfp gfp, unsigned order)
{
	uint64_t count = UINT64_C(1) << order;

	return blind_zone_serves((enum lab_zone)zone, gfp) && area->free_count[zone] >= count &&
	       area->free_count[zone] - count >= blind_floor(&area->machine->zones[zone], gfp);
}

static uint64_t take_zone(struct area *area, lab_gfp gfp, unsigned order)
{
	for (unsigned zone = LAB_ZONE_COUNT; zone-- > 0;) {
		if (!allowed(area, zone, gfp, order))
			continue;
		for (size_t i = 0; i < area->machine->span_count; i++) {
			const struct lab_span *span = &area->machine->spans[i];
			uint64_t frame = span->zone == zone ? blind_first_fit(area->used, span, order) : BLIND_NOTHING;

			if (frame == BLIND_NOTHING)
				continue;
			area->free_count[zone] -= UINT64_C(1) << order;
			return frame;
		}
	}
	return BLIND_NOTHING;
}

/* Of this CPU's list, if the request may have it: the frames there are free ones, and count. */
static uint64_t take_listed(struct area *area, struct pcp *pcp, lab_gfp gfp)
{
	for (unsigned i = pcp->count; i-- > 0;) {
		uint32_t frame = pcp->frames[i];
		unsigned zone = blind_span(area->machine, frame)->zone;

		if (!allowed(area, zone, gfp, 0))
			continue;
		pcp->frames[i] = pcp->frames[--pcp->count];
		area->free_count[zone]--;
		return frame;
	}
	return BLIND_NOTHING;
}

static void flush(struct area *area, struct pcp *pcp, unsigned count)
{
	while (count-- > 0)
		area->used[pcp->frames[--pcp->count]] = 0;
}

static unsigned long enter(struct area *area, struct pcp *pcp)
{
	unsigned long flags = area->machine->host->irq_save();

	area->machine->host->spin_lock(&pcp->lock);
	area->machine->host->spin_lock(&area->lock);
	return flags;
}

static void leave(struct area *area, struct pcp *pcp, unsigned long flags)
{
	area->machine->host->spin_unlock(&area->lock);
	area->machine->host->spin_unlock(&pcp->lock);
	area->machine->host->irq_restore(flags);
}

static enum lab_status area_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct area *area = self;
	struct pcp *pcp = &area->pcps[request->cpu];
	unsigned long flags = enter(area, pcp);
	uint64_t frame = request->order ? BLIND_NOTHING : take_listed(area, pcp, request->gfp);

	if (frame == BLIND_NOTHING)
		frame = take_zone(area, request->gfp, request->order);
	leave(area, pcp, flags);
	return blind_answer(area->machine, frame, ret_block);
}

static enum lab_status area_free(void *self, void *block, const struct lab_request *request)
{
	struct area *area = self;
	struct pcp *pcp = &area->pcps[request->cpu];
	unsigned long flags = enter(area, pcp);
	uint64_t frame = blind_frame(area->machine, block);

	area->free_count[blind_span(area->machine, frame)->zone] += UINT64_C(1) << request->order;
	if (request->order || pcp->offline) {
		memset(area->used + frame, 0, UINT64_C(1) << request->order);
	} else {
		if (pcp->count == ROOM)
			flush(area, pcp, BATCH);
		pcp->frames[pcp->count++] = (uint32_t)frame;
	}
	leave(area, pcp, flags);
	return LAB_OK;
}

static void area_drain(void *self, unsigned cpu)
{
	struct area *area = self;
	struct pcp *pcp = &area->pcps[cpu];
	unsigned long flags = enter(area, pcp);

	flush(area, pcp, pcp->count);
	leave(area, pcp, flags);
}

static enum lab_status area_offline(void *self, unsigned cpu)
{
	struct area *area = self;
	struct pcp *pcp = &area->pcps[cpu];
	unsigned long flags = enter(area, pcp);

	pcp->offline = true;
	while (pcp->count >= (BUG ? BATCH : 1))
		flush(area, pcp, BUG ? BATCH : 1);
	leave(area, pcp, flags);
	return LAB_OK;
}

static enum lab_status area_online(void *self, unsigned cpu)
{
	struct area *area = self;
	unsigned long flags = enter(area, &area->pcps[cpu]);

	area->pcps[cpu].offline = false;
	leave(area, &area->pcps[cpu], flags);
	return LAB_OK;
}

BLIND_TARGET("pcp-zone", area, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_RESERVE | LAB_CAP_HOTPLUG, .drain = area_drain,
	     .cpu_offline = area_offline, .cpu_online = area_online)
