/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_MUTANTS_ORDERS_H
#define LAB_TESTS_MUTANTS_ORDERS_H

#include "plat/atomic.h"

/*
 * What mutants are made of, included before each of them: the operations in weaker orders than anybody uses, and
 * read-modify-writes that are a load and a store. Orders of these are as strong as such a pair can have them, so that
 * the gap between the two is the only mistake.
 */

#define mutant_seen(object) atomic_load_explicit((object), memory_order_acquire)
#define mutant_split(object, expression)                                                                               \
	({                                                                                                             \
		__auto_type mutant_at = (object);                                                                      \
		__auto_type mutant_before = mutant_seen(mutant_at);                                                    \
		atomic_store_explicit(mutant_at, (expression), memory_order_release);                                  \
		mutant_before;                                                                                         \
	})
#define mutant_split_fetch_add(object, value) mutant_split(object, mutant_before + (value))
#define mutant_split_fetch_sub(object, value) mutant_split(object, mutant_before - (value))
#define mutant_split_fetch_or(object, value)  mutant_split(object, mutant_before | (value))
#define mutant_split_fetch_and(object, value) mutant_split(object, mutant_before &(value))
#define mutant_split_exchange(object, value)  mutant_split(object, value)
#define mutant_split_cas(object, expected, desired)                                                                    \
	({                                                                                                             \
		__auto_type mutant_at = (object);                                                                      \
		__auto_type mutant_expected = (expected);                                                              \
		__auto_type mutant_before = mutant_seen(mutant_at);                                                    \
		bool mutant_same = mutant_before == *mutant_expected;                                                  \
		if (mutant_same)                                                                                       \
			atomic_store_explicit(mutant_at, (desired), memory_order_release);                             \
		else                                                                                                   \
			*mutant_expected = mutant_before;                                                              \
		mutant_same;                                                                                           \
	})

#define mutant_load(object, order)             atomic_load_explicit((object), memory_order_##order)
#define mutant_store(object, value, order)     atomic_store_explicit((object), (value), memory_order_##order)
#define mutant_fetch_add(object, value, order) atomic_fetch_add_explicit((object), (value), memory_order_##order)
#define mutant_fetch_sub(object, value, order) atomic_fetch_sub_explicit((object), (value), memory_order_##order)
#define mutant_fetch_or(object, value, order)  atomic_fetch_or_explicit((object), (value), memory_order_##order)
#define mutant_fetch_and(object, value, order) atomic_fetch_and_explicit((object), (value), memory_order_##order)
#define mutant_exchange(object, value, order)  atomic_exchange_explicit((object), (value), memory_order_##order)
#define mutant_cas(object, expected, desired, order)                                                                   \
	atomic_compare_exchange_strong_explicit((object), (expected), (desired), memory_order_##order,                 \
						memory_order_relaxed)

#endif
