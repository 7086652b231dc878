/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/*
 * Gives out nothing, and counts who asks: one count for each CPU, on a cache line of its own, so no line ever moves.
 * With COUNT_STEP 1 eight CPUs share a line, which moves as if they shared the count. For checking what `labyrinth
 * bench scale` counts.
 */
#ifndef COUNT_STEP
#define COUNT_STEP 8u
#endif

static _Alignas(64) uint64_t counts[64 * COUNT_STEP];

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	for (unsigned cpu = 0; cpu < 64; cpu++)
		counts[cpu * COUNT_STEP] = 0;
	program_machine = machine;
	*ret_self = &program_machine;
	return LAB_OK;
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	__atomic_fetch_add(&counts[request->cpu % 64 * COUNT_STEP], 1, __ATOMIC_SEQ_CST);
	return LAB_NO_MEMORY;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	return LAB_BAD_ADDRESS;
}

PROGRAM("count-each", "counts requests in a word for each CPU", 0)
