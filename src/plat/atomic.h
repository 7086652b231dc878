/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_ATOMIC_H
#define LAB_PLAT_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The only file that includes <stdatomic.h>. The order is in the name, so that the set in use can be grepped; there is
 * no default order. The types name their width. Each use says at its place what it publishes or takes, and to whom.
 */
typedef _Atomic(uint64_t) lab_atomic64;
typedef _Atomic(uint32_t) lab_atomic32;
typedef _Atomic(uint8_t) lab_atomic8;

_Static_assert(sizeof(lab_atomic64) == 8 && ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be plain and lock-free");

#define lab_load_relaxed(object) atomic_load_explicit((object), memory_order_relaxed)
#define lab_load_acquire(object) atomic_load_explicit((object), memory_order_acquire)

/* In one total order with all others of that name: for two sides that each write one word and then look at another. */
#define lab_load_seq_cst(object)             atomic_load_explicit((object), memory_order_seq_cst)
#define lab_fetch_add_seq_cst(object, value) atomic_fetch_add_explicit((object), (value), memory_order_seq_cst)
#define lab_fetch_or_seq_cst(object, value)  atomic_fetch_or_explicit((object), (value), memory_order_seq_cst)
#define lab_exchange_seq_cst(object, value)  atomic_exchange_explicit((object), (value), memory_order_seq_cst)
#define lab_cas_seq_cst(object, expected, desired)                                                                     \
	atomic_compare_exchange_strong_explicit((object), (expected), (desired), memory_order_seq_cst,                 \
						memory_order_relaxed)

#define lab_store_relaxed(object, value) atomic_store_explicit((object), (value), memory_order_relaxed)
#define lab_store_release(object, value) atomic_store_explicit((object), (value), memory_order_release)

#define lab_fetch_add_relaxed(object, value) atomic_fetch_add_explicit((object), (value), memory_order_relaxed)
#define lab_fetch_add_acq_rel(object, value) atomic_fetch_add_explicit((object), (value), memory_order_acq_rel)
#define lab_fetch_add_release(object, value) atomic_fetch_add_explicit((object), (value), memory_order_release)
#define lab_fetch_sub_relaxed(object, value) atomic_fetch_sub_explicit((object), (value), memory_order_relaxed)
#define lab_fetch_sub_release(object, value) atomic_fetch_sub_explicit((object), (value), memory_order_release)
#define lab_fetch_or_relaxed(object, value)  atomic_fetch_or_explicit((object), (value), memory_order_relaxed)
#define lab_fetch_or_acq_rel(object, value)  atomic_fetch_or_explicit((object), (value), memory_order_acq_rel)
#define lab_fetch_or_release(object, value)  atomic_fetch_or_explicit((object), (value), memory_order_release)
#define lab_fetch_and_relaxed(object, value) atomic_fetch_and_explicit((object), (value), memory_order_relaxed)
#define lab_fetch_and_acquire(object, value) atomic_fetch_and_explicit((object), (value), memory_order_acquire)
#define lab_fetch_and_acq_rel(object, value) atomic_fetch_and_explicit((object), (value), memory_order_acq_rel)
#define lab_fetch_and_release(object, value) atomic_fetch_and_explicit((object), (value), memory_order_release)
#define lab_exchange_relaxed(object, value)  atomic_exchange_explicit((object), (value), memory_order_relaxed)
#define lab_exchange_acquire(object, value)  atomic_exchange_explicit((object), (value), memory_order_acquire)
#define lab_exchange_acq_rel(object, value)  atomic_exchange_explicit((object), (value), memory_order_acq_rel)

/*
 * Compare and swap: the strong form, false leaves what was seen in *expected. On failure the load is relaxed unless
 * the name says otherwise: a caller that loops compares anew before it believes anything.
 */
#define lab_cas_relaxed(object, expected, desired)                                                                     \
	atomic_compare_exchange_strong_explicit((object), (expected), (desired), memory_order_relaxed,                 \
						memory_order_relaxed)
#define lab_cas_acquire(object, expected, desired)                                                                     \
	atomic_compare_exchange_strong_explicit((object), (expected), (desired), memory_order_acquire,                 \
						memory_order_relaxed)
#define lab_cas_release(object, expected, desired)                                                                     \
	atomic_compare_exchange_strong_explicit((object), (expected), (desired), memory_order_release,                 \
						memory_order_relaxed)
#define lab_cas_acq_rel(object, expected, desired)                                                                     \
	atomic_compare_exchange_strong_explicit((object), (expected), (desired), memory_order_acq_rel,                 \
						memory_order_relaxed)

/* For what is rare, and paired with relaxed accesses that are not: see the C standard's 7.17.4. */
#define lab_fence_acquire() atomic_thread_fence(memory_order_acquire)
#define lab_fence_release() atomic_thread_fence(memory_order_release)

/* A hint to the processor that the caller spins. */
static inline void lab_cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Keeps the compiler, not the processor, from moving accesses across; for code shared with a handler on its thread. */
static inline void lab_compiler_barrier(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

#endif
