/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

/*
 * One lock of its own making around everything, by plain atomics and without masking interrupts: the mistake that a
 * handler meets, and a spin that others must be let past.
 */

static uint32_t locked;
static uint64_t taken;
static char memory[64][64] __attribute__((aligned(64)));

static void lock(void)
{
	while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&locked, __ATOMIC_RELAXED))
			;
}

static void unlock(void)
{
	__atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
}

static enum lab_status spin_create(const struct lab_machine *machine, void **ret_self)
{
	*ret_self = memory;
	return LAB_OK;
}

static void spin_destroy(void *self)
{
}

static enum lab_status spin_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status = LAB_NO_MEMORY;

	lock();
	if (~taken) {
		unsigned frame = (unsigned)__builtin_ctzll(~taken);

		taken |= UINT64_C(1) << frame;
		*ret_block = memory[frame];
		status = LAB_OK;
	}
	unlock();
	return status;
}

static enum lab_status spin_free(void *self, void *block, const struct lab_request *request)
{
	lock();
	taken &= ~(UINT64_C(1) << (((char *)block - (char *)memory) / 64));
	unlock();
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "spin",
		.summary = "a spinlock of its own that an interrupt may meet",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
		.create = spin_create,
		.destroy = spin_destroy,
		.alloc = spin_alloc,
		.free = spin_free,
		.page_shift_min = 6,
	};

	return &target;
}
