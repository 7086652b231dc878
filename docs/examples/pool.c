/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <stdlib.h>

struct pool {
	char *memory;
	size_t block_bytes, free_count;
	void *free[];
};

struct pool *pool_make(size_t block_bytes, size_t blocks)
{
	struct pool *pool = malloc(sizeof(*pool) + blocks * sizeof(pool->free[0]));

	if (!pool)
		return NULL;
	pool->memory = aligned_alloc(block_bytes, block_bytes * blocks);
	if (!pool->memory) {
		free(pool);
		return NULL;
	}
	pool->block_bytes = block_bytes;
	for (pool->free_count = 0; pool->free_count < blocks; pool->free_count++)
		pool->free[pool->free_count] = pool->memory + pool->free_count * block_bytes;
	return pool;
}

void pool_unmake(struct pool *pool)
{
	free(pool->memory);
	free(pool);
}

void *pool_get(struct pool *pool)
{
	return pool->free_count ? pool->free[--pool->free_count] : NULL;
}

void pool_put(struct pool *pool, void *block)
{
	pool->free[pool->free_count++] = block;
}
