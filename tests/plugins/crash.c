/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "plugin.h"

/* What it is given back in blocks of order 1, it does not survive: BUG 1: a wild store; 2: no end; 3: abort. */
static const struct lab_machine *machine;
static unsigned char *used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum lab_status crash_create(const struct lab_machine *with, void **ret_self)
{
	machine = with;
	used = calloc(1, with->frame_count);
	*ret_self = &machine;
	return used ? LAB_OK : LAB_SYSTEM;
}

static enum lab_status crash_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	size_t frame;

	pthread_mutex_lock(&lock);
	frame = plugin_take(machine, used, request->gfp, request->order);
	pthread_mutex_unlock(&lock);
	if (frame == SIZE_MAX)
		return LAB_NO_MEMORY;
	*ret_block = plugin_block_of(machine, frame);
	return LAB_OK;
}

static __attribute__((noinline)) void clear(volatile unsigned char *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		from[i] = 0;
}

static __attribute__((noinline)) void go_round(void)
{
	for (;;)
		__asm__ volatile("");
}

static enum lab_status crash_free(void *self, void *block, const struct lab_request *request)
{
	unsigned char *own = used + plugin_frame_of(machine, block);

	if (BUG == 1 && request->order == 1)
		own = (unsigned char *)16;
	if (BUG == 2 && request->order == 1)
		go_round();
	if (BUG == 3 && request->order == 1)
		abort();
	pthread_mutex_lock(&lock);
	clear(own, (size_t)1 << request->order);
	pthread_mutex_unlock(&lock);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "crash",
		.summary = "does not survive",
		.caps = LAB_CAP_ARENA,
		.page_shift_min = 6,
		.create = crash_create,
		.alloc = crash_alloc,
		.free = crash_free,
	};

	return &target;
}
