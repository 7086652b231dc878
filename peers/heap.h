/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PEERS_HEAP_H
#define LAB_PEERS_HEAP_H

#include <stdlib.h>

#include "target/hand.h"
#include "target/quota.h"

/*
 * What the malloc libraries have in common as targets. A file that includes this defines take and give, by names that
 * the C library does not have: a plain malloc would be the program's own.
 */
static void *take(size_t bytes, size_t alignment);
static void give(void *block, size_t bytes, size_t alignment);

struct lab_heap_peer {
	struct lab_quota quota;
	unsigned page_shift;
};

static enum lab_status lab_heap_peer_create(const struct lab_machine *machine, void **ret_self)
{
	struct lab_heap_peer *heap = calloc(1, sizeof(*heap));

	if (!heap || lab_quota_init(&heap->quota, machine) != LAB_OK) {
		free(heap);
		return LAB_NO_MEMORY;
	}
	heap->page_shift = machine->page_shift;
	*ret_self = heap;
	return LAB_OK;
}

static void lab_heap_peer_destroy(void *self)
{
	struct lab_heap_peer *heap = self;

	lab_quota_fini(&heap->quota);
	free(heap);
}

static enum lab_status lab_heap_peer_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lab_heap_peer *heap = self;
	uint64_t frames = UINT64_C(1) << request->order;
	void *block;

	if (!lab_quota_take(&heap->quota, request->cpu, frames))
		return LAB_NO_MEMORY;
	lab_hand_enter(heap);
	block = take((size_t)frames << heap->page_shift, (size_t)1 << heap->page_shift);
	lab_hand_leave(heap);
	if (!block) {
		lab_quota_give(&heap->quota, request->cpu, frames);
		return LAB_NO_MEMORY;
	}
	*ret_block = block;
	return LAB_OK;
}

static enum lab_status lab_heap_peer_free(void *self, void *block, const struct lab_request *request)
{
	struct lab_heap_peer *heap = self;
	uint64_t frames = UINT64_C(1) << request->order;

	lab_hand_enter(heap);
	give(block, (size_t)frames << heap->page_shift, (size_t)1 << heap->page_shift);
	lab_hand_leave(heap);
	lab_quota_give(&heap->quota, request->cpu, frames);
	return LAB_OK;
}

#define LAB_HEAP_PEER(name_, summary_)                                                                                 \
	{                                                                                                              \
		.abi = LAB_TARGET_ABI,                                                                                 \
		.size = sizeof(struct lab_target),                                                                     \
		.name = (name_),                                                                                       \
		.summary = (summary_),                                                                                 \
		.caps = LAB_CAP_OWN_MEMORY,                                                                            \
		.create = lab_heap_peer_create,                                                                        \
		.destroy = lab_heap_peer_destroy,                                                                      \
		.alloc = lab_heap_peer_alloc,                                                                          \
		.free = lab_heap_peer_free,                                                                            \
		.page_shift_min = 6,                                                                                   \
	}

#endif
