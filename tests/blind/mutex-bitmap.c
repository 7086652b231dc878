/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: pthread lock
 * rule:  R08 R09
 * found: explore stress
 *
 * A bit a frame under one mutex. The bug: a request that nothing is left for returns with the mutex taken.
 */
#include <pthread.h>

#include "blind.h"

struct bitmap {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	uint64_t free_count;
	uint64_t words[];
};

static enum lab_status bitmap_create(const struct lab_machine *machine, void **ret_self)
{
	struct bitmap *bitmap = calloc(1, sizeof(*bitmap) + (machine->frame_count + 63) / 64 * 8);

	if (!bitmap)
		return LAB_SYSTEM;
	bitmap->machine = machine;
	bitmap->free_count = blind_total(machine);
	pthread_mutex_init(&bitmap->lock, NULL);
	*ret_self = bitmap;
	return LAB_OK;
}

static void bitmap_destroy(void *self)
{
	pthread_mutex_destroy(&((struct bitmap *)self)->lock);
	free(self);
}

static void set(struct bitmap *bitmap, uint64_t first, uint64_t count, bool used)
{
	for (uint64_t i = first; i < first + count; i++) {
		if (used)
			bitmap->words[i / 64] |= UINT64_C(1) << i % 64;
		else
			bitmap->words[i / 64] &= ~(UINT64_C(1) << i % 64);
	}
	bitmap->free_count += used ? -count : count;
}

static uint64_t find(const struct bitmap *bitmap, lab_gfp gfp, uint64_t count)
{
	const struct lab_machine *machine = bitmap->machine;

	for (size_t s = machine->span_count; s-- > 0;) {
		const struct lab_span *span = &machine->spans[s];
		uint64_t run = 0, end = span->first_frame + span->frame_count;

		if (!blind_zone_serves(span->zone, gfp))
			continue;
		for (uint64_t i = span->first_frame; i < end; i++) {
			bool used = bitmap->words[i / 64] >> i % 64 & 1;

			run = used || (!run && i % count) ? 0 : run + 1;
			if (run == count)
				return i + 1 - count;
		}
	}
	return BLIND_NOTHING;
}

static enum lab_status bitmap_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct bitmap *bitmap = self;
	uint64_t count = UINT64_C(1) << request->order, frame;

	pthread_mutex_lock(&bitmap->lock);
	frame = find(bitmap, request->gfp, count);
	if (frame == BLIND_NOTHING) {
		if (!BUG)
			pthread_mutex_unlock(&bitmap->lock);
		return LAB_NO_MEMORY;
	}
	set(bitmap, frame, count, true);
	pthread_mutex_unlock(&bitmap->lock);
	return blind_answer(bitmap->machine, frame, ret_block);
}

static enum lab_status bitmap_free(void *self, void *block, const struct lab_request *request)
{
	struct bitmap *bitmap = self;

	pthread_mutex_lock(&bitmap->lock);
	set(bitmap, blind_frame(bitmap->machine, block), UINT64_C(1) << request->order, false);
	pthread_mutex_unlock(&bitmap->lock);
	return LAB_OK;
}

static uint64_t bitmap_free_frames(void *self)
{
	struct bitmap *bitmap = self;
	uint64_t count;

	pthread_mutex_lock(&bitmap->lock);
	count = bitmap->free_count;
	pthread_mutex_unlock(&bitmap->lock);
	return count;
}

BLIND_TARGET("mutex-bitmap", bitmap, LAB_CAP_ARENA | LAB_CAP_COALESCE | LAB_CAP_EXACT,
	     .free_frames = bitmap_free_frames)
