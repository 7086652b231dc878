/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/*
 * Gives out nothing, and counts who asks: one count for all. Each call is one atomic operation on one word, so from two
 * CPUs on, taking turns, each call moves the word's cache line once. For checking what `labyrinth bench scale` counts.
 */
static uint64_t count;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	count = 0;
	program_machine = machine;
	*ret_self = &program_machine;
	return LAB_OK;
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	__atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
	return LAB_NO_MEMORY;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	return LAB_BAD_ADDRESS;
}

PROGRAM("count-one", "counts requests in one word", 0)
