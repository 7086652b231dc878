/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <labyrinth/target.h>

#include <sys/mman.h>

/*
 * Hands out nothing, and counts its calls in memory that no engine puts back between runs: the word that it writes is
 * another one each time.
 */
static volatile uint64_t words[8];

static uint64_t *count(void)
{
	static uint64_t *kept;

	if (!kept)
		kept = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return kept;
}

static enum lab_status unsteady_create(const struct lab_machine *machine, void **ret_self)
{
	*ret_self = count();
	return LAB_OK;
}

static void unsteady_destroy(void *self)
{
}

static enum lab_status unsteady_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t *kept = self;

	++*kept;
	words[*kept % 8] = 1;
	return LAB_NO_MEMORY;
}

static enum lab_status unsteady_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "unsteady",
		.summary = "remembers from run to run",
		.caps = LAB_CAP_OWN_MEMORY,
		.create = unsteady_create,
		.destroy = unsteady_destroy,
		.alloc = unsteady_alloc,
		.free = unsteady_free,
	};

	return &target;
}
