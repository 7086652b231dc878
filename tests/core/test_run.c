/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/prng.h"
#include "core/run.h"

static uint64_t naive_starts(uint64_t word, unsigned order)
{
	uint64_t starts = 0;

	for (unsigned first = 0; first < 64; first += 1u << order) {
		unsigned set = 0;

		for (unsigned i = 0; i < 1u << order; i++)
			set += word >> (first + i) & 1;
		if (set == 1u << order)
			starts |= UINT64_C(1) << first;
	}
	return starts;
}

static void starts_agree_with_a_naive_search(void **state)
{
	struct lab_prng prng;

	lab_prng_seed(&prng, 1, 0);
	for (unsigned i = 0; i < 20000; i++) {
		/* Dense words, or no long run would ever be there. */
		uint64_t word = lab_prng_u64(&prng) | lab_prng_u64(&prng) | lab_prng_u64(&prng) | lab_prng_u64(&prng);

		for (unsigned order = 0; order <= 5; order++)
			assert_int_equal(lab_run_starts(word, order), naive_starts(word, order));
	}
	assert_int_equal(lab_run_starts(~UINT64_C(0), 5), UINT64_C(0x100000001));
}

static void masks_cover_the_run(void **state)
{
	assert_int_equal(lab_run_mask(3, 0), 8);
	assert_int_equal(lab_run_mask(8, 3), 0xff00);
	assert_int_equal(lab_run_mask(0, 6), ~UINT64_C(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_agree_with_a_naive_search),
		cmocka_unit_test(masks_cover_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
