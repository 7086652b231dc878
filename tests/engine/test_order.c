/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/sim_order.h"

/* The number that tells schedules apart, by itself. */

static struct lab_order order;

/* Two contexts go over so many words, the second one the other way round; one of them writes. */
static uint64_t sum_of(uintptr_t base, unsigned words)
{
	lab_order_begin(&order);
	for (unsigned i = 0; i < words; i++) {
		lab_order_step(&order, 0, i, base + (uintptr_t)i * 8, true);
		lab_order_step(&order, 1, i, base + (uintptr_t)(words - 1 - i) * 8, false);
	}
	return order.sum;
}

/* Wherever the memory lies, and however many words there are. */
static void test_same_anywhere(void **state)
{
	static const unsigned counts[] = {10, LAB_ORDER_WORDS, 3 * LAB_ORDER_WORDS};

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t sum = sum_of(0x7f0012340000, counts[i]);

		for (uintptr_t moved = 8; moved < 1 << 20; moved = moved * 3 & ~(uintptr_t)7)
			assert_true(sum_of(0x7f0012340000 + moved, counts[i]) == sum);
	}
}

/* A step of each of two contexts, in one order or the other. */
static uint64_t sum_of_two(unsigned first, uintptr_t address, uintptr_t other)
{
	lab_order_begin(&order);
	for (unsigned i = 0; i < 2; i++) {
		unsigned context = i ? !first : first;

		lab_order_step(&order, context, 0, context ? other : address, true);
	}
	return order.sum;
}

/* Steps that do not touch the same may change places, and others may not. */
static void test_what_matters(void **state)
{
	assert_true(sum_of_two(0, 8, 16) == sum_of_two(1, 8, 16));
	assert_true(sum_of_two(0, 8, 8) != sum_of_two(1, 8, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_anywhere), cmocka_unit_test(test_what_matters)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
