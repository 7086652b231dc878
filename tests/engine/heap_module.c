/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <labyrinth/target.h>

#include "heap_faults.h"

/* A target that hands out nothing: an alloc of order N does with its malloc what heap_faults.h has N say. */

static uint32_t *kept, gone;

/* Keeps where it came from out of the compiler's sight. */
static volatile char *opaque(void *memory)
{
	__asm__ volatile("" : "+r"(memory)::"memory");
	return memory;
}

static enum lab_status heap_create(const struct lab_machine *machine, void **ret_self)
{
	kept = malloc(12);
	*kept = 1;
	*ret_self = kept;
	return LAB_OK;
}

static void heap_destroy(void *self)
{
}

static void fault(enum heap_fault fault, volatile char *block)
{
	switch (fault) {
	case HEAP_SOUND:
		block[0] = 1;
		block[19] = block[0];
		free(realloc((void *)block, 50));
		return;
	case HEAP_READ_FREED:
		free((void *)block);
		(void)block[3];
		return;
	case HEAP_WRITE_FREED:
		free((void *)block);
		block[3] = 1;
		return;
	case HEAP_WRITE_BEHIND:
		block[20] = 1;
		break;
	case HEAP_READ_BEFORE:
		(void)block[-1];
		break;
	case HEAP_FREE_TWICE:
		free((void *)block);
		break;
	case HEAP_FREE_INSIDE:
		free((void *)(block + 16));
		return;
	case HEAP_KEPT_BEHIND:
		(void)((volatile char *)opaque(kept))[12];
		break;
	default:
		__atomic_store_n(&gone, 1, __ATOMIC_RELAXED);
		free(kept); /* of create; another context may be about to read it, and in the next run it is there again
			     */
		break;
	}
	free((void *)block);
}

static enum lab_status heap_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	bool reads = request->order == HEAP_READ_UNLESS_GONE && !__atomic_load_n(&gone, __ATOMIC_RELAXED);

	if (request->order == HEAP_READ_KEPT || reads)
		(void)*(volatile uint32_t *)opaque(kept);
	else if (request->order != HEAP_READ_UNLESS_GONE)
		fault((enum heap_fault)request->order, opaque(malloc(20)));
	return LAB_NO_MEMORY;
}

static enum lab_status heap_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "heap-faults",
		.summary = "breaks its own memory",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
		.create = heap_create,
		.destroy = heap_destroy,
		.alloc = heap_alloc,
		.free = heap_free,
	};

	return &target;
}
