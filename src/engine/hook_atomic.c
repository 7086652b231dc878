/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim.h"

#include "engine/hook.h"
#include "engine/hook_race.h"
#include "engine/sim_weak.h"

/*
 * Atomic operations: these the hook does itself, after the scheduling point. Sequentially consistent whatever was
 * asked: on one OS thread there is no other order to be had. A weaker one that is wrong is seen where loads may read
 * older values (sim_weak.h), and by race mode, whose runtime is told the order.
 *
 * The compiler's builtins and not plat/atomic.h: the objects are the target's, plain words of five widths, and the
 * order is nobody's promise.
 *
 * An update that leaves the word as it was (a compare-and-swap that fails, an exchange of equal values) changed
 * nothing that anybody could wait for, and the engine is told so: spinning is told from moving by it.
 */

#define CODE __builtin_return_address(0)

/* The operation, by the runtime or by us: its name and what it is called with, and the same as a builtin. */
#define RUNTIME(bits, name, ...) __tsan_atomic##bits##_##name(object, __VA_ARGS__)
#define DO(type, real, builtin)  LAB_RACE_DO(type, CODE, real, builtin)
#define SWAP(type, bits, expected)                                                                                     \
	DO(type,                                                                                                       \
	   RUNTIME(bits, compare_exchange_val, expected, desired, lab_race_update_order(object, order), order_failed), \
	   __sync_val_compare_and_swap(object, expected, desired))
/* A compare-and-swap is about to be done, or to fail: there is but one thread. */
#define SWAPS(type, wanted)                                                                                            \
	lab_sim_weak_update((const void *)object, sizeof(type), *object == (wanted) ? order : order_failed,            \
			    *object == (wanted), CODE)

#define LOAD_STORE(type, bits)                                                                                         \
	LAB_HOOK type __wrap___tsan_atomic##bits##_load(const volatile type *object, int order);                       \
	type __wrap___tsan_atomic##bits##_load(const volatile type *object, int order)                                 \
	{                                                                                                              \
		lab_sim_atomic(LAB_SIM_READ, (const void *)object, sizeof(type), CODE);                                \
		type newest = DO(type, RUNTIME(bits, load, lab_race_load_order(object, order)),                        \
				 __atomic_load_n(object, __ATOMIC_SEQ_CST));                                           \
                                                                                                                       \
		return (type)lab_sim_weak_load((const void *)object, sizeof(type), order, newest, CODE);               \
	}                                                                                                              \
	LAB_HOOK void __wrap___tsan_atomic##bits##_store(volatile type *object, type value, int order);                \
	void __wrap___tsan_atomic##bits##_store(volatile type *object, type value, int order)                          \
	{                                                                                                              \
		lab_sim_atomic(LAB_SIM_WRITE, (const void *)object, sizeof(type), CODE);                               \
		if (__builtin_expect(lab_sim_is_weak, false))                                                          \
			lab_sim_weak_store((const void *)object, sizeof(type), order, value, CODE);                    \
		(void)DO(type, (RUNTIME(bits, store, value, lab_race_store_order(order)), 0),                          \
			 (__atomic_store_n(object, value, __ATOMIC_SEQ_CST), 0));                                      \
	}

#define UPDATE(type, bits, name, builtin)                                                                              \
	LAB_HOOK type __wrap___tsan_atomic##bits##_##name(volatile type *object, type value, int order);               \
	type __wrap___tsan_atomic##bits##_##name(volatile type *object, type value, int order)                         \
	{                                                                                                              \
		bool event = lab_sim_access(LAB_SIM_UPDATE, (const void *)object, sizeof(type), CODE);                 \
		type old;                                                                                              \
                                                                                                                       \
		lab_sim_weak_update((const void *)object, sizeof(type), order, true, CODE);                            \
		old = DO(type, RUNTIME(bits, name, value, lab_race_update_order(object, order)),                       \
			 builtin(object, value, __ATOMIC_SEQ_CST));                                                    \
		if (event)                                                                                             \
			lab_sim_updated((const void *)object, CODE, old, *object != old);                              \
		return old;                                                                                            \
	}

#define COMPARE_EXCHANGE(type, bits, name)                                                                             \
	LAB_HOOK int __wrap___tsan_atomic##bits##_compare_exchange_##name(volatile type *object, type *expected,       \
									  type desired, int order, int order_failed);  \
	int __wrap___tsan_atomic##bits##_compare_exchange_##name(volatile type *object, type *expected, type desired,  \
								 int order, int order_failed)                          \
	{                                                                                                              \
		bool event = lab_sim_access(LAB_SIM_UPDATE, (const void *)object, sizeof(type), CODE);                 \
		type wanted = *expected, old;                                                                          \
                                                                                                                       \
		SWAPS(type, wanted);                                                                                   \
		old = SWAP(type, bits, wanted);                                                                        \
		if (event)                                                                                             \
			lab_sim_updated((const void *)object, CODE, old, old == wanted && desired != old);             \
		if (old != wanted)                                                                                     \
			*expected = old;                                                                               \
		return old == wanted;                                                                                  \
	}

#define COMPARE_EXCHANGE_VAL(type, bits)                                                                               \
	LAB_HOOK type __wrap___tsan_atomic##bits##_compare_exchange_val(volatile type *object, type expected,          \
									type desired, int order, int order_failed);    \
	type __wrap___tsan_atomic##bits##_compare_exchange_val(volatile type *object, type expected, type desired,     \
							       int order, int order_failed)                            \
	{                                                                                                              \
		bool event = lab_sim_access(LAB_SIM_UPDATE, (const void *)object, sizeof(type), CODE);                 \
		type old;                                                                                              \
                                                                                                                       \
		SWAPS(type, expected);                                                                                 \
		old = SWAP(type, bits, expected);                                                                      \
		if (event)                                                                                             \
			lab_sim_updated((const void *)object, CODE, old, old == expected && desired != old);           \
		return old;                                                                                            \
	}

#define EACH_OPERATION(type, bits)                                                                                     \
	LOAD_STORE(type, bits)                                                                                         \
	UPDATE(type, bits, exchange, __atomic_exchange_n)                                                              \
	UPDATE(type, bits, fetch_add, __atomic_fetch_add)                                                              \
	UPDATE(type, bits, fetch_sub, __atomic_fetch_sub)                                                              \
	UPDATE(type, bits, fetch_and, __atomic_fetch_and)                                                              \
	UPDATE(type, bits, fetch_or, __atomic_fetch_or)                                                                \
	UPDATE(type, bits, fetch_xor, __atomic_fetch_xor)                                                              \
	UPDATE(type, bits, fetch_nand, __atomic_fetch_nand)                                                            \
	COMPARE_EXCHANGE(type, bits, strong)                                                                           \
	COMPARE_EXCHANGE(type, bits, weak)                                                                             \
	COMPARE_EXCHANGE_VAL(type, bits)

EACH_OPERATION(uint8_t, 8)
EACH_OPERATION(uint16_t, 16)
EACH_OPERATION(uint32_t, 32)
EACH_OPERATION(uint64_t, 64)

/* Fences order nothing that is not ordered already; they touch no memory and so are no scheduling points. */
LAB_HOOK void __wrap___tsan_atomic_thread_fence(int order);
void __wrap___tsan_atomic_thread_fence(int order)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	lab_race_fence(order);
	if (__builtin_expect(lab_sim_is_weak, false))
		lab_sim_weak_fenced(order);
}

LAB_HOOK void __wrap___tsan_atomic_signal_fence(int order);
void __wrap___tsan_atomic_signal_fence(int order)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}
