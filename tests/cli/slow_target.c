/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single frames of its own, and two faults of which no schedule of a small scenario knows: a call that is long in the
 * making may take a while, and with SLOW_TARGET=crash in the environment it never comes back.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <labyrinth/target.h>

#include "plat/atomic.h"

#define FRAMES     1024u
#define SLOW_CALL  20000u
#define SLOW_NS    UINT64_C(600000000)
#define FRAME_FREE 0u

struct pool {
	char *memory;
	unsigned page_shift;
	lab_atomic32 calls;
	lab_atomic32 taken[FRAMES];
};

static void pool_destroy(void *self)
{
	struct pool *pool = self;

	free(pool->memory);
	free(pool);
}

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return LAB_SYSTEM;
	pool->page_shift = machine->page_shift;
	pool->memory = aligned_alloc((size_t)1 << machine->page_shift, (size_t)FRAMES << machine->page_shift);
	if (!pool->memory) {
		free(pool);
		return LAB_SYSTEM;
	}
	*ret_self = pool;
	return LAB_OK;
}

static uint64_t used_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}

static void be_slow(void)
{
	const char *how = getenv("SLOW_TARGET");
	uint64_t since_ns = used_ns();

	if (how && strcmp(how, "crash") == 0)
		abort();
	while (used_ns() - since_ns < SLOW_NS)
		;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;

	/* relaxed: a number to count by */
	if (lab_fetch_add_relaxed(&pool->calls, 1) == SLOW_CALL)
		be_slow();
	if (request->order)
		return LAB_NO_MEMORY;
	for (uint32_t frame = 0; frame < FRAMES; frame++) {
		/* acquire: takes the frame's content from the release in pool_free */
		if (!lab_exchange_acquire(&pool->taken[frame], 1)) {
			*ret_block = pool->memory + ((size_t)frame << pool->page_shift);
			return LAB_OK;
		}
	}
	return LAB_NO_MEMORY;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;

	/* release: the frame's content, to the acquire in pool_alloc */
	lab_store_release(&pool->taken[(size_t)((char *)block - pool->memory) >> pool->page_shift], FRAME_FREE);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "slow-target",
		.summary = "the 20,001st call takes long",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = pool_create,
		.destroy = pool_destroy,
		.alloc = pool_alloc,
		.free = pool_free,
		.page_shift_min = 6,
	};

	return &target;
}
