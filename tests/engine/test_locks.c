/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include "base/bits.h"

/* Strategies that draw lots, where contexts wait for one another by spinning. */

static unsigned counter, top, lock;

static void start(void)
{
	counter = top = lock = 0;
}

/*
 * A lock that two contexts spin for while the third has it; it works behind the lock, and now and then does more than
 * runs before let expect. A strategy that holds it back for those who wait for it would go round for ever.
 */
static void lock_and_work(unsigned context)
{
	unsigned work = context + lab_program_get(&counter) % 3 * 4;

	do
		while (lab_program_get(&lock))
			;
	while (!lab_program_swap(&lock, 0, 1));
	for (unsigned i = 0; i < work; i++)
		lab_program_set(&top, i);
	lab_program_set(&counter, lab_program_get(&counter) + 1);
	lab_program_set(&lock, 0);
}

static void test_who_holds_a_lock_goes_on(void **state)
{
	static const char *const names[] = {"random", "pct", "pos", "surw"};
	static const struct lab_program program = {lock_and_work, start, 3, NULL, .calls = 6};
	static const struct lab_strategy_options options = {.seed = 1, .preemptions = LAB_NOBODY};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(names); i++) {
		struct lab_strategy *strategy = lab_strategy_create(names[i], &options);
		uint64_t most = 0;

		assert_non_null(strategy);
		lab_program_open(&program);
		for (unsigned run = 0; run < 300; run++) {
			lab_program_run(strategy, NULL);
			if (lab_program_rig.result.found)
				fail_msg("%s, run %u: %s", names[i], run, lab_program_rig.result.finding.detail);
			most = LAB_MAX(most, lab_program_rig.result.event_count);
		}
		/* spinning is seen after some rounds, and soon over then */
		assert_in_range(most, 1, 5000);
		lab_program_close();
		lab_strategy_destroy(strategy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_holds_a_lock_goes_on)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
