/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: lost update
 * rule:  R01
 * found: replay, stress
 * wild:  what Linux's this_cpu operations exist for (Documentation/core-api/this_cpu_ops.rst)
 *
 * 1. Each CPU has free frames of its own, in an array with a count. An allocation reads the count.
 * 2. Then it masks interrupts, for the array is for nobody else. Before it does, an interrupt allocates: it takes the
 *    last frame and lowers the count.
 * 3. The allocation goes by the count that it read: it takes the same frame, and writes the same count again.
 */
#include <stdlib.h>

#include <labyrinth/target.h>

#define FRAMES   256u /* of each CPU at first */
#define CPUS_MAX 64u

struct magazine {
	unsigned count;
	uint32_t *frames; /* room for all there are: a frame goes to the CPU that frees it */
};

/* Single frames of memory of its own. */
struct pool {
	const struct lab_machine *machine;
	char *memory;
	uint32_t *frames;
	struct magazine magazines[CPUS_MAX];
};

static void pool_destroy(void *self)
{
	struct pool *pool = self;

	free(pool->memory);
	free(pool->frames);
	free(pool);
}

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	size_t all = (size_t)machine->cpu_count * FRAMES;
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool || machine->cpu_count > CPUS_MAX) {
		free(pool);
		return pool ? LAB_UNSUPPORTED : LAB_SYSTEM;
	}
	pool->machine = machine;
	pool->memory = aligned_alloc((size_t)1 << machine->page_shift, all << machine->page_shift);
	pool->frames = calloc(all, machine->cpu_count * sizeof(*pool->frames));
	if (!pool->memory || !pool->frames) {
		pool_destroy(pool);
		return LAB_SYSTEM;
	}
	for (unsigned cpu = 0; cpu < machine->cpu_count; cpu++) {
		struct magazine *magazine = &pool->magazines[cpu];

		magazine->frames = pool->frames + cpu * all;
		while (magazine->count < FRAMES) {
			magazine->frames[magazine->count] = cpu * FRAMES + magazine->count;
			magazine->count++;
		}
	}
	*ret_self = pool;
	return LAB_OK;
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct pool *pool = self;
	struct magazine *magazine = &pool->magazines[request->cpu];
	unsigned count = magazine->count; /* the bug: read with interrupts open */
	unsigned long flags = pool->machine->host->irq_save();
	bool served = count && request->order == 0;

	if (served) {
		magazine->count = count - 1;
		*ret_block = pool->memory + ((size_t)magazine->frames[count - 1] << pool->machine->page_shift);
	}
	pool->machine->host->irq_restore(flags);
	return served ? LAB_OK : LAB_NO_MEMORY;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	struct pool *pool = self;
	struct magazine *magazine = &pool->magazines[request->cpu];
	unsigned long flags = pool->machine->host->irq_save();
	size_t frame = (size_t)((char *)block - pool->memory) >> pool->machine->page_shift;

	magazine->frames[magazine->count++] = (uint32_t)frame;
	pool->machine->host->irq_restore(flags);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "r01-lost-update",
		.summary = "per-CPU frames whose count is read too early",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
		.create = pool_create,
		.destroy = pool_destroy,
		.alloc = pool_alloc,
		.free = pool_free,
		.page_shift_min = 6,
	};

	return &target;
}
