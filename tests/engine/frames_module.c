/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

/*
 * Single frames from a word of bits. An alloc of a greater order is refused, after it did to the first frame what its
 * order says: 1 adds, 2 adds nothing, 3 swaps what is not there, 4 writes, 5 reads.
 */

static uint64_t taken, *first;
static const struct lab_machine *of;

static enum lab_status frames_create(const struct lab_machine *machine, void **ret_self)
{
	of = machine;
	first = machine->base;
	taken = 0;
	*ret_self = &taken;
	return LAB_OK;
}

static void frames_destroy(void *self)
{
}

static void touch_first(unsigned how)
{
	uint64_t never = 12345;

	if (how == 1)
		__atomic_fetch_add(first, 1, __ATOMIC_RELAXED);
	else if (how == 2)
		__atomic_fetch_add(first, 0, __ATOMIC_RELAXED);
	else if (how == 3)
		__atomic_compare_exchange_n(first, &never, 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	else if (how == 4)
		*(volatile uint64_t *)first = 1;
	else
		(void)*(volatile uint64_t *)first;
}

static enum lab_status frames_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t free_frames = ~taken & (~UINT64_C(0) >> (64 - of->frame_count));

	if (request->order) {
		touch_first(request->order);
		return LAB_UNSUPPORTED;
	}
	if (!free_frames)
		return LAB_NO_MEMORY;
	taken |= free_frames & -free_frames;
	*ret_block = (char *)of->base + ((uint64_t)__builtin_ctzll(free_frames) << of->page_shift);
	return LAB_OK;
}

static enum lab_status frames_free(void *self, void *block, const struct lab_request *request)
{
	taken &= ~(UINT64_C(1) << (((char *)block - (char *)of->base) >> of->page_shift));
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "frames",
		.summary = "touches its first frame",
		.caps = LAB_CAP_ARENA,
		.create = frames_create,
		.destroy = frames_destroy,
		.alloc = frames_alloc,
		.free = frames_free,
	};

	return &target;
}
