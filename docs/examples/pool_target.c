/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include <labyrinth/target.h>

#include "pool.h"

/* Pointers, and memory of its own: LAB_CAP_OWN_MEMORY. A pool for each order, each with every frame of the machine. */
#define ORDERS 12u

struct adapter {
	pthread_mutex_t lock; /* the pool knows of no threads */
	unsigned order_max;
	struct pool *pools[ORDERS];
};

static void adapter_destroy(void *self)
{
	struct adapter *a = self;

	for (unsigned order = 0; order <= a->order_max; order++)
		if (a->pools[order])
			pool_unmake(a->pools[order]);
	free(a);
}

static enum lab_status adapter_create(const struct lab_machine *machine, void **ret_self)
{
	struct adapter *a = machine->order_max < ORDERS ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return LAB_SYSTEM;
	pthread_mutex_init(&a->lock, NULL);
	a->order_max = machine->order_max;
	for (unsigned order = 0; order <= machine->order_max; order++) {
		a->pools[order] =
			pool_make((size_t)1 << (machine->page_shift + order), (machine->frame_count >> order) + 1);
		if (!a->pools[order]) {
			adapter_destroy(a);
			return LAB_SYSTEM;
		}
	}
	*ret_self = a;
	return LAB_OK;
}

static enum lab_status adapter_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct adapter *a = self;
	void *block;

	pthread_mutex_lock(&a->lock);
	block = pool_get(a->pools[request->order]);
	pthread_mutex_unlock(&a->lock);
	if (!block)
		return LAB_NO_MEMORY;
	*ret_block = block;
	return LAB_OK;
}

static enum lab_status adapter_free(void *self, void *block, const struct lab_request *request)
{
	struct adapter *a = self;

	pthread_mutex_lock(&a->lock);
	pool_put(a->pools[request->order], block);
	pthread_mutex_unlock(&a->lock);
	return LAB_OK;
}

const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "pool",
		.summary = "pointers into memory of its own",
		.caps = LAB_CAP_OWN_MEMORY,
		.page_shift_min = 6,
		.create = adapter_create,
		.destroy = adapter_destroy,
		.alloc = adapter_alloc,
		.free = adapter_free,
	};

	return &target;
}
