/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: full machine
 * rule:  R03
 * found: explore stress
 *
 * First fit by zone under a lock, with watermarks. The bug: a request that finds no run of frames anywhere tries once
 * more, and this time asks for the zone's last frames, whatever its class.
 */
#include "blind.h"

struct zones {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint64_t free_count[LAB_ZONE_COUNT];
	uint8_t used[];
};

static enum lab_status zones_create(const struct lab_machine *machine, void **ret_self)
{
	struct zones *zones = calloc(1, sizeof(*zones) + machine->frame_count);

	if (!zones)
		return LAB_SYSTEM;
	zones->machine = machine;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		zones->free_count[zone] = machine->zones[zone].frames;
	*ret_self = zones;
	return LAB_OK;
}

static void zones_destroy(void *self)
{
	free(self);
}

static uint64_t take_zone(struct zones *zones, unsigned zone, uint64_t floor, unsigned order)
{
	uint64_t frame = BLIND_NOTHING, count = UINT64_C(1) << order;

	if (zones->free_count[zone] < count + floor)
		return BLIND_NOTHING;
	for (size_t i = 0; i < zones->machine->span_count && frame == BLIND_NOTHING; i++)
		if (zones->machine->spans[i].zone == zone)
			frame = blind_first_fit(zones->used, &zones->machine->spans[i], order);
	if (frame != BLIND_NOTHING)
		zones->free_count[zone] -= count;
	return frame;
}

static uint64_t take(struct zones *zones, const struct lab_request *request, bool desperate)
{
	uint64_t frame = BLIND_NOTHING;

	for (unsigned zone = LAB_ZONE_COUNT; zone-- > 0 && frame == BLIND_NOTHING;)
		if (blind_zone_serves((enum lab_zone)zone, request->gfp))
			frame = take_zone(zones, zone,
					  desperate ? 0 : blind_floor(&zones->machine->zones[zone], request->gfp),
					  request->order);
	return frame;
}

static enum lab_status zones_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct zones *zones = self;
	const struct lab_host *host = zones->machine->host;
	unsigned long flags = host->irq_save();
	uint64_t frame;

	host->spin_lock(&zones->lock);
	frame = take(zones, request, false);
	/* Meant for when nothing else is left: but a zone may be at its floor, and not empty. */
	if (BUG && frame == BLIND_NOTHING && request->order > 1)
		frame = take(zones, request, true);
	host->spin_unlock(&zones->lock);
	host->irq_restore(flags);
	return blind_answer(zones->machine, frame, ret_block);
}

static enum lab_status zones_free(void *self, void *block, const struct lab_request *request)
{
	struct zones *zones = self;
	const struct lab_host *host = zones->machine->host;
	uint64_t frame = blind_frame(zones->machine, block);
	unsigned long flags = host->irq_save();

	host->spin_lock(&zones->lock);
	memset(zones->used + frame, 0, UINT64_C(1) << request->order);
	zones->free_count[blind_span(zones->machine, frame)->zone] += UINT64_C(1) << request->order;
	host->spin_unlock(&zones->lock);
	host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("last-resort", zones, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_RESERVE)
