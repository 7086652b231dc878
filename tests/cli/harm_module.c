/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

#include <stdlib.h>
#include <unistd.h>

/*
 * Does HARM to its process when a second context comes into alloc while a first one is in it: one interleaving only,
 * and no rule of the oracle is broken before. Built for each kind of harm, with FRAME bytes a frame.
 */
static uint32_t inside;
static uint64_t taken;
static char memory[64][FRAME] __attribute__((aligned(FRAME)));

static volatile int *volatile nowhere = (volatile int *)8; /* not known to the compiler, which would warn */

static void crash(void)
{
	*nowhere = 1;
}

static void leave(void)
{
	exit(7);
}

static void loop(void)
{
	for (;;)
		__asm__ volatile("");
}

static void nap(void)
{
	for (;;)
		pause();
}

static enum lab_status harm_create(const struct lab_machine *machine, void **ret_self)
{
	*ret_self = memory;
	return LAB_OK;
}

static void harm_destroy(void *self)
{
}

static enum lab_status harm_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	static void (*const harms[])(void) = {crash, leave, loop, nap};
	enum lab_status status = LAB_NO_MEMORY;
	uint64_t seen;

	if (__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED))
		harms[HARM]();
	seen = __atomic_load_n(&taken, __ATOMIC_RELAXED);
	if (~seen && request->order == 0) {
		*ret_block = memory[__builtin_ctzll(~seen)];
		__atomic_store_n(&taken, seen | (seen + 1), __ATOMIC_RELAXED);
		status = LAB_OK;
	}
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
	return status;
}

static enum lab_status harm_free(void *self, void *block, const struct lab_request *request)
{
	__atomic_fetch_and(&taken, ~(UINT64_C(1) << (((char *)block - (char *)memory) / FRAME)), __ATOMIC_RELAXED);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "harm",
		.summary = "ends, or never ends, its process in one interleaving",
		.caps = LAB_CAP_OWN_MEMORY,
		.create = harm_create,
		.destroy = harm_destroy,
		.alloc = harm_alloc,
		.free = harm_free,
		.page_shift_min = 6,
	};

	return &target;
}
