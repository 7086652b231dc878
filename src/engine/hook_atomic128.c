/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim.h"

#include "engine/hook.h"
#include "engine/hook_race.h"
#include "engine/sim_weak.h"

/*
 * As hook_atomic.c, for words of 16 bytes, where the machine has them. All are made of one compare-and-swap, the only
 * such instruction that all machines have; a load is one that writes back what it found.
 */

typedef unsigned __int128 wide;

#define CODE __builtin_return_address(0)

/* By the runtime or by us. */
#define SWAP(expected, desired, order_failed)                                                                          \
	LAB_RACE_DO(wide, CODE,                                                                                        \
		    __tsan_atomic128_compare_exchange_val(object, expected, desired,                                   \
							  lab_race_update_order(object, order), order_failed),         \
		    swap_if(object, expected, desired))

static wide swap_if(volatile wide *object, wide expected, wide desired)
{
	return __sync_val_compare_and_swap(object, expected, desired);
}

static wide wide_load(const volatile wide *object)
{
	return swap_if((volatile wide *)object, 0, 0);
}

static bool wide_access(enum lab_sim_event kind, const volatile wide *object, int order, const void *code)
{
	bool event = lab_sim_atomic(kind, (const void *)object, sizeof(wide), code);

	lab_sim_weak_update((const void *)object, sizeof(wide), order, kind == LAB_SIM_UPDATE, code);
	return event;
}

/* Tells of an update what fits: the low half stands for the whole, and a change of either half is a change. */
static void wide_updated(bool event, const volatile wide *object, const void *code, wide old, wide now)
{
	if (event)
		lab_sim_updated((const void *)object, code, (uint64_t)old, now != old);
}

LAB_HOOK wide __wrap___tsan_atomic128_load(const volatile wide *object, int order);
wide __wrap___tsan_atomic128_load(const volatile wide *object, int order)
{
	wide_access(LAB_SIM_READ, object, order, CODE);
	return LAB_RACE_DO(wide, CODE, __tsan_atomic128_load(object, lab_race_load_order(object, order)),
			   wide_load(object));
}

/* The new value from the old one and the operand. */
#define UPDATE(name, answer, what, ...)                                                                                \
	LAB_HOOK answer __wrap___tsan_atomic128_##name(volatile wide *object, wide value, int order);                  \
	answer __wrap___tsan_atomic128_##name(volatile wide *object, wide value, int order)                            \
	{                                                                                                              \
		bool event = wide_access(LAB_SIM_UPDATE, object, order, CODE);                                         \
		wide old = wide_load(object), seen, now;                                                               \
                                                                                                                       \
		for (;; old = seen) {                                                                                  \
			now = (what);                                                                                  \
			seen = SWAP(old, now, __ATOMIC_RELAXED);                                                       \
			if (seen == old)                                                                               \
				break;                                                                                 \
		}                                                                                                      \
		wide_updated(event, object, CODE, old, now);                                                           \
		return __VA_ARGS__;                                                                                    \
	}

UPDATE(store, void, value, )
UPDATE(exchange, wide, value, old)
UPDATE(fetch_add, wide, old + value, old)
UPDATE(fetch_sub, wide, old - value, old)
UPDATE(fetch_and, wide, old &value, old)
UPDATE(fetch_or, wide, old | value, old)
UPDATE(fetch_xor, wide, old ^ value, old)
UPDATE(fetch_nand, wide, ~(old &value), old)

LAB_HOOK wide __wrap___tsan_atomic128_compare_exchange_val(volatile wide *object, wide expected, wide desired,
							   int order, int order_failed);
wide __wrap___tsan_atomic128_compare_exchange_val(volatile wide *object, wide expected, wide desired, int order,
						  int order_failed)
{
	bool event = wide_access(LAB_SIM_UPDATE, object, order, CODE);
	wide old = SWAP(expected, desired, order_failed);

	wide_updated(event, object, CODE, old, old == expected ? desired : old);
	return old;
}

#define COMPARE_EXCHANGE(name)                                                                                         \
	LAB_HOOK int __wrap___tsan_atomic128_compare_exchange_##name(volatile wide *object, wide *expected,            \
								     wide desired, int order, int order_failed);       \
	int __wrap___tsan_atomic128_compare_exchange_##name(volatile wide *object, wide *expected, wide desired,       \
							    int order, int order_failed)                               \
	{                                                                                                              \
		bool event = wide_access(LAB_SIM_UPDATE, object, order, CODE);                                         \
		wide wanted = *expected;                                                                               \
		wide old = SWAP(wanted, desired, order_failed);                                                        \
                                                                                                                       \
		wide_updated(event, object, CODE, old, old == wanted ? desired : old);                                 \
		*expected = old;                                                                                       \
		return old == wanted;                                                                                  \
	}

COMPARE_EXCHANGE(strong)
COMPARE_EXCHANGE(weak)
