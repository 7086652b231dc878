/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/prng.h"
#include "report/histogram.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_empty(void **state)
{
	struct lab_histogram histogram = {0};

	assert_int_equal(lab_histogram_percentile(&histogram, 999, 1000), 0);
	assert_int_equal(histogram.max, 0);
}

static void test_small_values_are_exact(void **state)
{
	for (uint64_t value = 0; value < 2 * LAB_HISTOGRAM_STEPS; value++) {
		struct lab_histogram histogram = {0};

		lab_histogram_add(&histogram, value);
		lab_histogram_add(&histogram, 1000);
		assert_int_equal(lab_histogram_percentile(&histogram, 1, 2), value);
	}
}

static void test_every_width_has_a_bucket(void **state)
{
	struct lab_histogram histogram = {0};

	for (unsigned bit = 0; bit < 64; bit++) {
		lab_histogram_add(&histogram, UINT64_C(1) << bit);
		lab_histogram_add(&histogram, (UINT64_C(1) << bit) - 1);
	}
	lab_histogram_add(&histogram, UINT64_MAX);
	assert_int_equal(histogram.total, 129);
	assert_true(histogram.max == UINT64_MAX);
	assert_true(lab_histogram_percentile(&histogram, 1, 1) == UINT64_MAX);
}

/* Against the sorted values themselves: never below the true percentile, at most a sixteenth above it. */
static void test_percentiles_of_random_values(void **state)
{
	enum { COUNT = 5000 };
	static const uint64_t parts[] = {1, 500, 900, 990, 999, 1000};
	static uint64_t values[COUNT];
	struct lab_histogram halves[2], whole = {0};
	struct lab_prng prng;

	memset(halves, 0, sizeof(halves));
	lab_prng_seed(&prng, 7, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		values[i] = lab_prng_u64(&prng) >> lab_prng_below(&prng, 64);
		lab_histogram_add(&halves[i % 2], values[i]);
	}
	lab_histogram_merge(&whole, &halves[0]);
	lab_histogram_merge(&whole, &halves[1]);
	qsort(values, COUNT, sizeof(values[0]), compare);
	assert_int_equal(whole.total, COUNT);
	assert_true(whole.max == values[COUNT - 1]);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(parts); i++) {
		uint64_t exact = values[(COUNT * parts[i] + 999) / 1000 - 1];
		uint64_t told = lab_histogram_percentile(&whole, parts[i], 1000);

		assert_true(told >= exact);
		assert_true(told - exact <= exact / LAB_HISTOGRAM_STEPS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_every_width_has_a_bucket),
		cmocka_unit_test(test_percentiles_of_random_values),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
