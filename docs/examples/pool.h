/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLE_POOL_H
#define EXAMPLE_POOL_H

#include <stddef.h>

/* A pool with memory of its own, for one thread at a time: it hands out pointers, as malloc does, for one size each. */
struct pool;

struct pool *pool_make(size_t block_bytes, size_t blocks);
void pool_unmake(struct pool *pool);
void *pool_get(struct pool *pool); /* aligned to block_bytes; NULL when all are out */
void pool_put(struct pool *pool, void *block);

#endif
