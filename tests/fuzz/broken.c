/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <labyrinth/target.h>

/*
 * A plug-in that fails in the one way it is compiled for: TWICE hands a block out twice, DRIFTS keeps state from run to
 * run in a variable, DRAWS in the C library, CRASHES executes an illegal instruction, HANGS never returns. Without any
 * of them it is clean.
 */

struct pool {
	unsigned taken;
	_Alignas(64) unsigned char blocks[64][64];
};

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	struct pool *pool = aligned_alloc(64, sizeof(*pool));

	if (!pool)
		return LAB_NO_MEMORY;
	memset(pool, 0, sizeof(*pool));
	*ret_self = pool;
	return LAB_OK;
}

static void destroy(void *self)
{
	free(self);
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	unsigned index = pool->taken++;

#ifdef TWICE
	index /= 2;
#endif
#ifdef DRIFTS
	static unsigned drift;

	if (drift++ % 5 == 0)
		return LAB_NO_MEMORY;
#endif
#ifdef DRAWS
	if (rand() % 5 == 0)
		return LAB_NO_MEMORY;
#endif
#ifdef CRASHES
	__builtin_trap();
#endif
#ifdef HANGS
	for (volatile int forever = 1; forever;)
		;
#endif
	if (request->order || index >= 64)
		return LAB_NO_MEMORY;
	*ret_block = pool->blocks[index];
	return LAB_OK;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_target),
	.name = "broken",
	.summary = "fails on purpose",
	.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
	.create = create,
	.destroy = destroy,
	.alloc = pool_alloc,
	.free = pool_free,
	.page_shift_min = 6,
};

const struct lab_target *lab_target_entry(void)
{
	return &table;
}
