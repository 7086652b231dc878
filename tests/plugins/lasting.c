/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "plugin.h"

/*
 * A global allocator without destroy that remembers how often it was asked: in a variable, in a variable made at the
 * first request, in memory that it never frees, and for its thread. After WORN_OUT requests it hands a frame out twice,
 * which no short run reaches, unless something is left of the runs before it.
 */
#define WORN_OUT 30000u

static const struct lab_machine *machine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned requests;
static struct state {
	unsigned requests;
	unsigned char used[];
} *state;
static _Thread_local unsigned own_requests;

static enum lab_status lasting_create(const struct lab_machine *with, void **ret_self)
{
	machine = with;
	*ret_self = &machine;
	return LAB_OK;
}

static int is_worn_out(void)
{
	if (!state)
		state = calloc(1, sizeof(*state) + machine->frame_count);
	state->requests++;
	requests++;
	own_requests++;
	return requests > WORN_OUT || state->requests > WORN_OUT || own_requests > WORN_OUT;
}

static enum lab_status lasting_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	size_t frame;
	int worn_out;

	pthread_mutex_lock(&lock);
	worn_out = is_worn_out();
	frame = plugin_take(machine, state->used, request->gfp, request->order);
	if (frame != SIZE_MAX && worn_out)
		state->used[frame] = 0;
	pthread_mutex_unlock(&lock);
	if (frame == SIZE_MAX)
		return LAB_NO_MEMORY;
	*ret_block = plugin_block_of(machine, frame);
	return LAB_OK;
}

static enum lab_status lasting_free(void *self, void *block, const struct lab_request *request)
{
	pthread_mutex_lock(&lock);
	memset(state->used + plugin_frame_of(machine, block), 0, (size_t)1 << request->order);
	pthread_mutex_unlock(&lock);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "lasting",
		.summary = "remembers how often it was asked",
		.caps = LAB_CAP_ARENA | LAB_CAP_COALESCE,
		.page_shift_min = 6,
		.create = lasting_create,
		.alloc = lasting_alloc,
		.free = lasting_free,
	};

	return &target;
}
