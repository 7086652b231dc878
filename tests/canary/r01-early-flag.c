/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: ordering
 * rule:  R01
 * found: race mode
 * wild:  https://github.com/cameron314/concurrentqueue/issues/404
 *
 * 1. One free frame is kept at hand: a free stores its number, N, and then raises a flag. Both are atomics, and the
 * count of frees orders what the frame holds, so there is no data race to tell of.
 * 2. The flag goes up without release. An alloc takes it down, which acquires, and reads the number.
 * 3. Where stores are seen in another order than they were made, that is the number, M, of the frame that was at hand
 * before, and M is in use.
 */
#include "tests/canary/frames.h"

#include "plat/atomic.h"

enum { EMPTY, FILLING, FULL };

struct pool {
	const struct lab_machine *machine;
	lab_atomic64 taken; /* a bit a frame */
	lab_atomic64 frees;
	lab_atomic32 flag, kept;
};

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return LAB_SYSTEM;
	pool->machine = machine;
	*ret_self = pool;
	return LAB_OK;
}

/* The frame at hand; 64: there is none. */
static uint32_t take_kept(struct pool *pool)
{
	uint32_t frame, seen = FULL;

	if (!lab_cas_acquire(&pool->flag, &seen, FILLING)) /* takes the number, if it had been released */
		return 64;
	lab_fetch_add_acq_rel(&pool->frees, 0); /* takes what its last owner wrote, from pool_free */
	frame = lab_load_relaxed(&pool->kept);
	lab_store_release(&pool->flag, EMPTY); /* the next number is stored after ours was read */
	return frame;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	uint32_t frame = request->order ? 64 : take_kept(pool);

	for (uint32_t i = 0; frame == 64 && i < pool->machine->frame_count && i < 64 && !request->order; i++)
		/* acquire: what was done to the frame before, from pool_free */
		if (!(lab_fetch_or_acq_rel(&pool->taken, UINT64_C(1) << i) & UINT64_C(1) << i))
			frame = i;
	if (frame == 64)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(pool->machine, frame);
	return LAB_OK;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	uint32_t frame = (uint32_t)canary_frame(pool->machine, block), seen = EMPTY;

	lab_fetch_add_release(&pool->frees, 1); /* gives what the owner wrote to who takes the frame at hand */
	if (lab_cas_acquire(&pool->flag, &seen, FILLING)) { /* comes after the last number was read, in take_kept */
		lab_store_relaxed(&pool->kept, frame);
		lab_store_relaxed(&pool->flag, FULL); /* the bug: it does not release the number */
		return LAB_OK;
	}
	lab_fetch_and_release(&pool->taken, ~(UINT64_C(1) << frame)); /* to who takes the frame, in pool_alloc */
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r01-early-flag",
	.summary = "a frame at hand, whose flag is not ordered",
	.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
	.create = pool_create,
	.destroy = free,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
