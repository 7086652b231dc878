/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: global state
 * rule:  R01 R04
 * found: explore stress
 *
 * One allocator for the whole process, which has no instance and makes itself ready at its first request. The bug: two
 * first requests at once make it ready twice, and what the first one took is free again: R01 if somebody gets it
 * meanwhile, and R04 if it is given back twice.
 */
#include "blind.h"

#include <pthread.h>

#define FRAMES_MOST 65536u

static const struct lab_machine *the_machine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ready;
static uint64_t count;
static uint32_t frames[FRAMES_MOST];

static void make_ready(void)
{
	count = 0;
	for (uint64_t frame = 0; frame < the_machine->frame_count && frame < FRAMES_MOST; frame++)
		if (blind_span(the_machine, frame))
			frames[count++] = (uint32_t)frame;
	blind_store(&ready, 1);
}

static enum lab_status single_create(const struct lab_machine *machine, void **ret_self)
{
	the_machine = machine;
	ready = 0;
	*ret_self = frames;
	return LAB_OK;
}

static void single_destroy(void *self)
{
	(void)self;
}

static enum lab_status single_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t frame = BLIND_NOTHING;
	bool unready = !blind_load(&ready);

	(void)self;
	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	pthread_mutex_lock(&lock);
	if (BUG ? unready : !ready)
		make_ready();
	if (count)
		frame = frames[--count];
	pthread_mutex_unlock(&lock);
	return blind_answer(the_machine, frame, ret_block);
}

static enum lab_status single_free(void *self, void *block, const struct lab_request *request)
{
	(void)self;
	(void)request;
	pthread_mutex_lock(&lock);
	frames[count++] = (uint32_t)blind_frame(the_machine, block);
	pthread_mutex_unlock(&lock);
	return LAB_OK;
}

BLIND_TARGET("singleton", single, LAB_CAP_ARENA)
