/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: lost wake-up
 * rule:  R09
 * found: explore
 *
 * First fit under a mutex; a request that may sleep waits on a condition. The bug: a free wakes one of those who wait,
 * which may need a greater block than came back, while another would have had enough.
 */
#include "blind.h"

#include <pthread.h>

struct room {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	uint8_t used[];
};

static enum lab_status room_create(const struct lab_machine *machine, void **ret_self)
{
	struct room *room = calloc(1, sizeof(*room) + machine->frame_count);

	if (!room)
		return LAB_SYSTEM;
	room->machine = machine;
	pthread_mutex_init(&room->lock, NULL);
	pthread_cond_init(&room->freed, NULL);
	*ret_self = room;
	return LAB_OK;
}

static void room_destroy(void *self)
{
	struct room *room = self;

	pthread_cond_destroy(&room->freed);
	pthread_mutex_destroy(&room->lock);
	free(room);
}

static enum lab_status room_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct room *room = self;
	bool waits = request->gfp & LAB_GFP_DIRECT_RECLAIM && !(request->gfp & LAB_GFP_NORETRY);
	uint64_t frame;

	if (lab_gfp_contradicts(request->gfp))
		return LAB_BAD_FLAGS;
	pthread_mutex_lock(&room->lock);
	for (;;) {
		frame = blind_fit(room->used, room->machine, request->gfp, request->order);
		if (frame != BLIND_NOTHING || !waits)
			break;
		pthread_cond_wait(&room->freed, &room->lock);
	}
	pthread_mutex_unlock(&room->lock);
	return blind_answer(room->machine, frame, ret_block);
}

static enum lab_status room_free(void *self, void *block, const struct lab_request *request)
{
	struct room *room = self;

	pthread_mutex_lock(&room->lock);
	memset(room->used + blind_frame(room->machine, block), 0, UINT64_C(1) << request->order);
	if (BUG)
		pthread_cond_signal(&room->freed);
	else
		pthread_cond_broadcast(&room->freed);
	pthread_mutex_unlock(&room->lock);
	return LAB_OK;
}

BLIND_TARGET("one-waiter", room, LAB_CAP_ARENA | LAB_CAP_BLOCKING)
