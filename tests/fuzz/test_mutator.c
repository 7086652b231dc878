/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/mutator.h"
#include "scenario/decode.h"
#include "scenario/validate.h"

#define ROOM   4096u
#define ROUNDS 3000u

static void expect_valid(const uint8_t *bytes, size_t count)
{
	struct lab_scenario scenario;
	uint8_t again[4 * ROOM];
	char message[200];
	size_t written;

	lab_scenario_init(&scenario);
	lab_scenario_decode(bytes, count, &scenario);
	if (lab_scenario_validate(&scenario, message, sizeof(message)) != LAB_OK)
		fail_msg("%s", message);
	assert_int_equal(lab_scenario_encode(&scenario, again, sizeof(again), &written), LAB_OK);
	assert_int_equal(written, count);
	assert_memory_equal(again, bytes, count);
	lab_scenario_free(&scenario);
}

/* From nothing, edit after edit: always canonical bytes of a valid scenario, within the room; and it gets somewhere. */
static void test_mutations_stay_valid(void **state)
{
	uint8_t bytes[ROOM] = {0}, before[ROOM];
	size_t count = 0, changed = 0, longest = 0;

	for (unsigned seed = 0; seed < ROUNDS; seed++) {
		size_t room = seed % 7 ? ROOM : LAB_FUZZ_OP_MAX, had = count;

		if (count > room)
			continue;
		memcpy(before, bytes, count);
		count = LLVMFuzzerCustomMutator(bytes, count, room, seed);
		assert_true(count <= room);
		if (count > had || seed % 50 == 0)
			expect_valid(bytes, count);
		changed += count != had || memcmp(before, bytes, count) != 0;
		longest = count > longest ? count : longest;
		if (seed % 500 == 499)
			count = 0;
	}
	assert_true(changed > ROUNDS * 3 / 4);
	assert_true(longest > 64);
}

static void test_equal_seeds_equal_results(void **state)
{
	uint8_t a[ROOM] = {0}, b[ROOM] = {0};

	for (unsigned seed = 0; seed < 100; seed++) {
		size_t a_count = LLVMFuzzerCustomMutator(a, 0, ROOM, seed);
		size_t b_count = LLVMFuzzerCustomMutator(b, 0, ROOM, seed);

		assert_int_equal(a_count, b_count);
		assert_memory_equal(a, b, a_count);
	}
}

static void test_crossings_stay_valid(void **state)
{
	uint8_t a[ROOM] = {0}, b[ROOM] = {0}, child[ROOM];
	size_t a_count = 0, b_count = 0, of_both = 0;

	for (unsigned seed = 0; seed < 300; seed++) {
		size_t count;

		a_count = LLVMFuzzerCustomMutator(a, a_count, ROOM, 2 * seed);
		b_count = LLVMFuzzerCustomMutator(b, b_count, ROOM, 2 * seed + 1);
		count = LLVMFuzzerCustomCrossOver(a, a_count, b, b_count, child, ROOM, seed);
		expect_valid(child, count);
		of_both += (count != a_count || memcmp(child, a, count) != 0) &&
			   (count != b_count || memcmp(child, b, count) != 0);
	}
	assert_true(of_both > 150);
	/* what does not fit is said to be nothing, and nothing is written behind the room */
	child[8] = 0x5a;
	assert_true(LLVMFuzzerCustomCrossOver(a, a_count, b, b_count, child, 8, 1) <= 8);
	assert_int_equal(child[8], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutations_stay_valid),
		cmocka_unit_test(test_equal_seeds_equal_results),
		cmocka_unit_test(test_crossings_stay_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
