/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: undo
 * rule:  R04
 * found: explore stress
 *
 * Each thread caches single frames in memory that a thread-local pointer leads to; all caches are in a list, so that
 * others can drain them. The bug: a cache that is full hands half of itself on, and forgets one.
 */
#include "blind.h"

#include <pthread.h>

#define ROOM 4u

struct cache {
	struct cache *next;
	pthread_mutex_t lock;
	unsigned count;
	uint32_t frames[ROOM];
};

struct pool {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	struct cache *caches;
	uint64_t count;
	uint32_t frames[];
};

static __thread struct cache *mine;
static __thread const struct pool *mine_of;

static struct cache *find_mine(struct pool *pool)
{
	if (mine && mine_of == pool)
		return mine;
	mine = calloc(1, sizeof(*mine));
	mine_of = pool;
	pthread_mutex_init(&mine->lock, NULL);
	pthread_mutex_lock(&pool->lock);
	mine->next = pool->caches;
	pool->caches = mine;
	pthread_mutex_unlock(&pool->lock);
	return mine;
}

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool) + machine->frame_count * sizeof(pool->frames[0]));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	pthread_mutex_init(&pool->lock, NULL);
	for (uint64_t frame = machine->frame_count; frame-- > 0;)
		if (blind_span(machine, frame))
			pool->frames[pool->count++] = (uint32_t)frame;
	*ret_self = pool;
	return LAB_OK;
}

static void pool_destroy(void *self)
{
	struct pool *pool = self;

	while (pool->caches) {
		struct cache *cache = pool->caches;

		pool->caches = cache->next;
		free(cache);
	}
	free(pool);
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	struct cache *cache = find_mine(pool);
	uint64_t frame = BLIND_NOTHING;

	if (request->order || request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	pthread_mutex_lock(&cache->lock);
	if (cache->count)
		frame = cache->frames[--cache->count];
	pthread_mutex_unlock(&cache->lock);
	if (frame != BLIND_NOTHING)
		return blind_answer(pool->machine, frame, ret_block);
	pthread_mutex_lock(&pool->lock);
	if (pool->count)
		frame = pool->frames[--pool->count];
	pthread_mutex_unlock(&pool->lock);
	return blind_answer(pool->machine, frame, ret_block);
}

static void hand_on(struct pool *pool, struct cache *cache, unsigned keep)
{
	pthread_mutex_lock(&pool->lock);
	while (cache->count > keep)
		pool->frames[pool->count++] = cache->frames[--cache->count];
	pthread_mutex_unlock(&pool->lock);
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	struct cache *cache = find_mine(pool);

	(void)request;
	pthread_mutex_lock(&cache->lock);
	if (cache->count == ROOM) {
		hand_on(pool, cache, ROOM / 2);
		if (BUG)
			cache->count--;
	}
	cache->frames[cache->count++] = (uint32_t)blind_frame(pool->machine, block);
	pthread_mutex_unlock(&cache->lock);
	return LAB_OK;
}

static void pool_drain(void *self, unsigned cpu)
{
	struct pool *pool = self;
	struct cache *cache;

	(void)cpu;
	pthread_mutex_lock(&pool->lock);
	cache = pool->caches;
	pthread_mutex_unlock(&pool->lock);
	for (; cache; cache = cache->next) {
		pthread_mutex_lock(&cache->lock);
		hand_on(pool, cache, 0);
		pthread_mutex_unlock(&cache->lock);
	}
}

BLIND_TARGET("tls-cache", pool, LAB_CAP_ARENA, .drain = pool_drain)
