/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "plugin.h"

/*
 * Who may sleep waits under a mutex until somebody frees. BUG 1: who frees looks before it takes the lock whether
 * anybody waits. BUG 2: who was woken does not look whether there is any. BUG 3: a failed request keeps the lock. BUG
 * 4: it says that interrupts may call it. BUG 5: free takes the two locks the other way round. BUG 6: writers count as
 * readers.
 */
static const struct lab_machine *machine;
static unsigned char *used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, counts = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static volatile unsigned waiting, taken;

static enum lab_status wait_create(const struct lab_machine *with, void **ret_self)
{
	machine = with;
	used = calloc(machine->frame_count, 1);
	*ret_self = &machine;
	return used ? LAB_OK : LAB_SYSTEM;
}

static void count(int by)
{
	pthread_mutex_lock(&counts);
	taken += (unsigned)by;
	pthread_mutex_unlock(&counts);
}

static size_t take_or_wait(const struct lab_request *request)
{
	size_t frame = plugin_take(machine, used, request->gfp, request->order);

	while (frame == SIZE_MAX && request->gfp & LAB_GFP_DIRECT_RECLAIM) {
		waiting++;
		pthread_cond_wait(&freed, &lock);
		waiting--;
		frame = plugin_take(machine, used, request->gfp, request->order);
		if (BUG == 2)
			return frame == SIZE_MAX ? 0 : frame;
	}
	return frame;
}

static enum lab_status wait_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	size_t frame;

	pthread_mutex_lock(&lock);
	frame = take_or_wait(request);
	if (frame == SIZE_MAX && BUG == 3)
		return LAB_NO_MEMORY;
	if (frame != SIZE_MAX)
		count(1 << request->order);
	pthread_mutex_unlock(&lock);
	if (frame == SIZE_MAX)
		return LAB_NO_MEMORY;
	*ret_block = plugin_block_of(machine, frame);
	return LAB_OK;
}

static enum lab_status wait_free(void *self, void *block, const struct lab_request *request)
{
	unsigned asleep = waiting;

	if (BUG == 5)
		pthread_mutex_lock(&counts);
	pthread_mutex_lock(&lock);
	memset(used + plugin_frame_of(machine, block), 0, (size_t)1 << request->order);
	if (BUG != 1)
		asleep = waiting;
	pthread_mutex_unlock(&lock);
	if (BUG == 5)
		pthread_mutex_unlock(&counts);
	count(-(1 << request->order));
	if (asleep)
		pthread_cond_broadcast(&freed);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "waiters",
		.summary = "who may sleep waits for frames",
		.caps = LAB_CAP_ARENA | LAB_CAP_COALESCE | LAB_CAP_BLOCKING | (BUG == 4 ? LAB_CAP_IRQ : 0),
		.page_shift_min = 6,
		.create = wait_create,
		.alloc = wait_alloc,
		.free = wait_free,
	};

	return &target;
}
