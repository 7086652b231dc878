/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <string.h>

/* What a run recorded leads another one the same way, and says where it does not fit. */

static unsigned counter, third;
static bool changed; /* the code is another than when it was recorded */

static void start(void)
{
	counter = 0;
}

static void add_one(unsigned context)
{
	unsigned seen = lab_program_get(&counter);

	if (changed)
		lab_program_get(&third);
	lab_program_set(&counter, seen + 1);
}

static const struct lab_program with_handlers = {add_one, start, 3,
						 "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n"
						 "softirq tx cpu=1 { s0 = alloc atomic 0; s1 = alloc atomic 0; }\n"
						 "nmi w cpu=3 { s0 = alloc atomic 0; }\n"};

static struct lab_choices recorded;

static int open_program(void **state)
{
	changed = false;
	lab_program_open(&with_handlers);
	return 0;
}

static int close_program(void **state)
{
	lab_program_close();
	lab_choices_free(&recorded);
	return 0;
}

static struct lab_divergence follow(bool exact, struct lab_choices *again)
{
	struct lab_strategy *strategy = lab_strategy_follow(&recorded, exact);
	struct lab_divergence divergence;

	lab_program_run(strategy, again);
	divergence = lab_strategy_divergence(strategy);
	lab_strategy_destroy(strategy);
	return divergence;
}

static struct lab_strategy *make(const char *name)
{
	return lab_strategy_create(name, &(struct lab_strategy_options){.seed = 9, .preemptions = 1});
}

static void expect_same(const struct lab_choice *a, const struct lab_choice *b)
{
	assert_true(lab_choice_same_place(a, b));
	assert_int_equal(a->chosen, b->chosen);
	assert_int_equal(a->fires, b->fires);
	assert_int_equal(a->signature, b->signature);
}

/* Every strategy's runs come again event by event, and are recorded the same. */
static void test_every_strategy_replays(void **state)
{
	for (const char *const *name = lab_strategy_names; *name; name++) {
		struct lab_strategy *strategy = make(*name);

		for (unsigned i = 0; i < 200 && !strategy->done; i++) {
			struct lab_choices again = {0};
			uint64_t hash;
			unsigned outcome;

			recorded.count = 0;
			lab_program_run(strategy, &recorded);
			hash = lab_program_rig.result.event_hash;
			outcome = counter;
			assert_false(follow(true, &again).is);
			assert_true(lab_program_rig.result.event_hash == hash);
			assert_int_equal(counter, outcome);
			assert_int_equal(again.count, recorded.count);
			for (size_t k = 0; k < again.count; k++)
				expect_same(&again.list[k], &recorded.list[k]);
			lab_choices_free(&again);
		}
		lab_strategy_destroy(strategy);
	}
}

/* A schedule of bytes, which asks less often, is recorded so that it comes again as choices. */
static void test_bytes_become_choices(void **state)
{
	for (unsigned i = 0; i < 200; i++) {
		uint8_t bytes[24];
		uint64_t hash;
		unsigned outcome;

		for (unsigned k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)((i * 31 + k * k * 7) % 5);
		lab_program_rig.scenario.schedule_bytes = 0;
		lab_scenario_add_schedule(&lab_program_rig.scenario, bytes, sizeof(bytes));
		recorded.count = 0;
		lab_program_run(NULL, &recorded);
		hash = lab_program_rig.result.event_hash;
		outcome = counter;
		assert_false(follow(true, NULL).is);
		assert_true(lab_program_rig.result.event_hash == hash);
		assert_int_equal(counter, outcome);
	}
}

static void record_one(void)
{
	struct lab_strategy *strategy = make("random");

	do {
		recorded.count = 0;
		lab_program_run(strategy, &recorded);
	} while (recorded.count < 4 || recorded.list[2].asker == LAB_CHOICE_ENGINE || recorded.list[2].event < 4);
	lab_strategy_destroy(strategy);
}

static void test_other_code_diverges(void **state)
{
	struct lab_divergence divergence;

	record_one();
	changed = true;
	divergence = follow(true, NULL);
	assert_true(divergence.is);
	assert_non_null(divergence.why);
	changed = false;
	assert_false(follow(true, NULL).is);
}

static void test_first_difference_is_told(void **state)
{
	struct lab_divergence divergence;

	record_one();
	recorded.list[2].signature ^= 1;
	divergence = follow(true, NULL);
	assert_true(divergence.is);
	assert_int_equal(divergence.expected.event, recorded.list[2].event);
	assert_true(lab_choice_same_place(&divergence.expected, &divergence.found));
	assert_int_equal(divergence.found.signature, recorded.list[2].signature ^ 1);
	recorded.list[2].signature ^= 1;
	recorded.list[2].event += 1000;
	divergence = follow(true, NULL);
	assert_true(divergence.is);
	assert_int_equal(divergence.expected.event, recorded.list[2].event);
	assert_string_equal(divergence.why, "the run ended without coming there");
	/* what does not fit is passed over where a shorter list is looked for */
	assert_false(follow(false, NULL).is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_strategy_replays, open_program, close_program),
		cmocka_unit_test_setup_teardown(test_bytes_become_choices, open_program, close_program),
		cmocka_unit_test_setup_teardown(test_other_code_diverges, open_program, close_program),
		cmocka_unit_test_setup_teardown(test_first_difference_is_told, open_program, close_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
