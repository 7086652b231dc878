/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: full machine
 * rule:  R04
 * found: explore
 *
 * What was never used lies behind a bump pointer, one in each span; what comes back goes on a list of its order, and is
 * never merged. The bug: a block that no longer fits behind the pointer uses up what is left there.
 */
#include "blind.h"

#include <pthread.h>

#define ORDERS 11u

struct bump {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	uint64_t next[16]; /* of each span */
	uint32_t lists[LAB_ZONE_COUNT][ORDERS];
	uint32_t below[]; /* frame numbers plus 1 */
};

static enum lab_status bump_create(const struct lab_machine *machine, void **ret_self)
{
	struct bump *bump = calloc(1, sizeof(*bump) + (machine->frame_count + 1) * sizeof(bump->below[0]));

	if (!bump)
		return LAB_SYSTEM;
	bump->machine = machine;
	pthread_mutex_init(&bump->lock, NULL);
	for (size_t i = 0; i < machine->span_count; i++)
		bump->next[i] = machine->spans[i].first_frame;
	*ret_self = bump;
	return LAB_OK;
}

static void bump_destroy(void *self)
{
	pthread_mutex_destroy(&((struct bump *)self)->lock);
	free(self);
}

static void push(struct bump *bump, enum lab_zone zone, unsigned order, uint64_t frame)
{
	bump->below[frame + 1] = bump->lists[zone][order];
	bump->lists[zone][order] = (uint32_t)frame + 1;
}

/* What is skipped to be aligned goes on the lists, frame by frame. */
static uint64_t carve(struct bump *bump, size_t at, unsigned order)
{
	const struct lab_span *span = &bump->machine->spans[at];
	uint64_t count = UINT64_C(1) << order, end = span->first_frame + span->frame_count;
	uint64_t first = (bump->next[at] + count - 1) / count * count;

	if (first + count > end) {
		if (BUG)
			bump->next[at] = end;
		return BLIND_NOTHING;
	}
	while (bump->next[at] < first)
		push(bump, span->zone, 0, bump->next[at]++);
	bump->next[at] = first + count;
	return first;
}

/* A list's block of at least that order; what is over goes on the lists. */
static uint64_t pop(struct bump *bump, enum lab_zone zone, unsigned order)
{
	for (unsigned from = order; from < ORDERS; from++) {
		uint64_t frame = bump->lists[zone][from];

		if (!frame)
			continue;
		bump->lists[zone][from] = bump->below[frame];
		while (from-- > order)
			push(bump, zone, from, frame - 1 + (UINT64_C(1) << from));
		return frame - 1;
	}
	return BLIND_NOTHING;
}

static enum lab_status bump_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct bump *bump = self;
	uint64_t frame = BLIND_NOTHING;

	pthread_mutex_lock(&bump->lock);
	for (unsigned zone = LAB_ZONE_COUNT; zone-- > 0 && frame == BLIND_NOTHING;) {
		if (!blind_zone_serves((enum lab_zone)zone, request->gfp))
			continue;
		frame = pop(bump, (enum lab_zone)zone, request->order);
		for (size_t i = 0; i < bump->machine->span_count && frame == BLIND_NOTHING; i++)
			if (bump->machine->spans[i].zone == zone)
				frame = carve(bump, i, request->order);
	}
	pthread_mutex_unlock(&bump->lock);
	return blind_answer(bump->machine, frame, ret_block);
}

static enum lab_status bump_free(void *self, void *block, const struct lab_request *request)
{
	struct bump *bump = self;
	uint64_t frame = blind_frame(bump->machine, block);

	pthread_mutex_lock(&bump->lock);
	push(bump, blind_span(bump->machine, frame)->zone, request->order, frame);
	pthread_mutex_unlock(&bump->lock);
	return LAB_OK;
}

BLIND_TARGET("bump", bump, LAB_CAP_ARENA)
