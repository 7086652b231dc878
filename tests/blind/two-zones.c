/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: lock order
 * rule:  R08 R09
 * found: explore
 *
 * A mutex for each zone; a request that NORMAL cannot serve goes on to DMA with NORMAL's taken, so that nobody comes
 * between. The bug: a drain, which counts what all zones have, takes them in the other order.
 */
#include "blind.h"

#include <pthread.h>

struct zones {
	const struct lab_machine *machine;
	pthread_mutex_t locks[LAB_ZONE_COUNT];
	uint64_t out[LAB_ZONE_COUNT], most_out;
	uint8_t used[];
};

static enum lab_status zones_create(const struct lab_machine *machine, void **ret_self)
{
	struct zones *zones = calloc(1, sizeof(*zones) + machine->frame_count);

	if (!zones)
		return LAB_SYSTEM;
	zones->machine = machine;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		pthread_mutex_init(&zones->locks[zone], NULL);
	*ret_self = zones;
	return LAB_OK;
}

static void zones_destroy(void *self)
{
	struct zones *zones = self;

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		pthread_mutex_destroy(&zones->locks[zone]);
	free(zones);
}

/* The zone's lock is taken. */
static uint64_t take(struct zones *zones, enum lab_zone zone, unsigned order)
{
	uint64_t frame = BLIND_NOTHING;

	for (size_t i = 0; i < zones->machine->span_count && frame == BLIND_NOTHING; i++)
		if (zones->machine->spans[i].zone == zone)
			frame = blind_first_fit(zones->used, &zones->machine->spans[i], order);
	zones->out[zone] += frame != BLIND_NOTHING;
	return frame;
}

static enum lab_status zones_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct zones *zones = self;
	bool low = request->gfp & LAB_GFP_DMA;
	uint64_t frame = BLIND_NOTHING;

	if (!low) {
		pthread_mutex_lock(&zones->locks[LAB_ZONE_NORMAL]);
		frame = take(zones, LAB_ZONE_NORMAL, request->order);
	}
	if (frame == BLIND_NOTHING) {
		pthread_mutex_lock(&zones->locks[LAB_ZONE_DMA]);
		frame = take(zones, LAB_ZONE_DMA, request->order);
		pthread_mutex_unlock(&zones->locks[LAB_ZONE_DMA]);
	}
	if (!low)
		pthread_mutex_unlock(&zones->locks[LAB_ZONE_NORMAL]);
	return blind_answer(zones->machine, frame, ret_block);
}

static enum lab_status zones_free(void *self, void *block, const struct lab_request *request)
{
	struct zones *zones = self;
	uint64_t frame = blind_frame(zones->machine, block);
	enum lab_zone zone = blind_span(zones->machine, frame)->zone;

	pthread_mutex_lock(&zones->locks[zone]);
	memset(zones->used + frame, 0, UINT64_C(1) << request->order);
	zones->out[zone]--;
	pthread_mutex_unlock(&zones->locks[zone]);
	return LAB_OK;
}

static void zones_drain(void *self, unsigned cpu)
{
	struct zones *zones = self;
	enum lab_zone first = BUG ? LAB_ZONE_DMA : LAB_ZONE_NORMAL, second = BUG ? LAB_ZONE_NORMAL : LAB_ZONE_DMA;
	uint64_t out;

	(void)cpu;
	pthread_mutex_lock(&zones->locks[first]);
	pthread_mutex_lock(&zones->locks[second]);
	out = zones->out[first] + zones->out[second];
	zones->most_out = out > zones->most_out ? out : zones->most_out;
	pthread_mutex_unlock(&zones->locks[second]);
	pthread_mutex_unlock(&zones->locks[first]);
}

BLIND_TARGET("two-zones", zones, LAB_CAP_ARENA, .drain = zones_drain)
