/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "plugin.h"

/*
 * One global allocator, made at the first request and never destroyed; each thread has a cache of single frames, by
 * _Thread_local or, with KEYED, by pthread_setspecific. BUG 1: drain forgets that it emptied the cache. BUG 2: the
 * cache is filled without the lock. BUG 3: what a cache holds is not drained.
 */
#define CACHED 4u

struct cache {
	unsigned count;
	size_t frames[CACHED];
};

static const struct lab_machine *machine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char *used; /* a byte a frame, never freed */

#ifdef KEYED
static pthread_once_t keyed = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void make_key(void)
{
	pthread_key_create(&key, free);
}

static struct cache *own_cache(void)
{
	struct cache *cache;

	pthread_once(&keyed, make_key);
	cache = pthread_getspecific(key);
	if (!cache) {
		cache = calloc(1, sizeof(*cache));
		pthread_setspecific(key, cache);
	}
	return cache;
}
#else
static _Thread_local struct cache cache;

static struct cache *own_cache(void)
{
	return &cache;
}
#endif

static enum lab_status cache_create(const struct lab_machine *with, void **ret_self)
{
	machine = with;
	*ret_self = &machine;
	return LAB_OK;
}

static void make_table(void)
{
	if (!used)
		used = calloc(machine->frame_count, 1);
}

static void fill(struct cache *own)
{
	for (size_t frame; own->count < CACHED / 2; own->frames[own->count++] = frame) {
		frame = plugin_take(machine, used, LAB_GFP_KERNEL, 0);
		if (frame == SIZE_MAX)
			return;
	}
}

static enum lab_status cache_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct cache *own = own_cache();
	size_t frame = SIZE_MAX;

	if (BUG != 2 || !used || request->order)
		pthread_mutex_lock(&lock);
	make_table();
	if (!request->order && !(request->gfp & LAB_GFP_DMA)) {
		if (!own->count)
			fill(own);
		if (own->count)
			frame = own->frames[--own->count];
	} else {
		frame = plugin_take(machine, used, request->gfp, request->order);
	}
	pthread_mutex_unlock(&lock);
	if (frame == SIZE_MAX)
		return LAB_NO_MEMORY;
	*ret_block = plugin_block_of(machine, frame);
	return LAB_OK;
}

static void give(size_t frame, size_t count)
{
	pthread_mutex_lock(&lock);
	memset(used + frame, 0, count);
	pthread_mutex_unlock(&lock);
}

static enum lab_status cache_free(void *self, void *block, const struct lab_request *request)
{
	struct cache *own = own_cache();
	size_t frame = plugin_frame_of(machine, block);

	if (!request->order && own->count < CACHED)
		own->frames[own->count++] = frame;
	else
		give(frame, (size_t)1 << request->order);
	return LAB_OK;
}

static void cache_drain(void *self, unsigned cpu)
{
	struct cache *own = own_cache();

	for (unsigned i = own->count; i-- > 0 && BUG != 3;)
		give(own->frames[i], 1);
	if (BUG != 1)
		own->count = 0;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "tls-cache",
		.summary = "a cache of frames for each thread",
		.caps = LAB_CAP_ARENA | LAB_CAP_COALESCE,
		.page_shift_min = 6,
		.create = cache_create,
		.alloc = cache_alloc,
		.free = cache_free,
		.drain = cache_drain,
	};

	return &target;
}
