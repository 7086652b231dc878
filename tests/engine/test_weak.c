/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "engine/shrink.h"
#include "engine/strategy.h"
#include "scenario/text.h"

/*
 * Loads that read older values, on targets with a bug that nothing else shows: found, replayed, made small; and not
 * found where all loads read the newest. usage: test_weak FLAG WAIT CORE, hooked modules, of which the last is clean
 */

/* Far more than it takes as a rule: what is where in memory decides what is tried first. */
#define SEARCH_RUNS 100000u

static const char *files[3];
static struct lab_choices choices;

static const char *const texts[] = {
	"machine frames=4 cpus=2 order-max=0\n"
	"task b cpu=0 { s0 = alloc none 0; s1 = alloc none 0; }\n"
	"task a cpu=1 { s0 = alloc none 0; s1 = alloc none 0; free s1; }\n",
	"machine frames=64 cpus=2 order-max=6\nzone normal frames=0+64\n"
	"task b cpu=0 { s0 = alloc memalloc 0; free s0; }\n"
	"task a cpu=1 { s0 = alloc kernel 6; }\n",
};
static const enum lab_rule rules[] = {LAB_R01_EXCLUSIVE_OWNERSHIP, LAB_R09_PROGRESS};

static void open_on(struct lab_rig *rig, size_t file, const char *text)
{
	struct lab_text_error error;

	lab_rig_open_hooked(rig, files[file]);
	if (lab_scenario_parse(text, strlen(text), &rig->scenario, &error) != LAB_OK)
		fail_msg("line %u, column %u: '%s', expected %s", error.line, error.column, error.word, error.expected);
}

/* So many runs; true: there was a finding, whose choices are kept. */
static bool search(struct lab_rig *rig, const char *name, bool weak, unsigned runs)
{
	const struct lab_strategy_options options = {.seed = 1, .preemptions = 2, .weak = weak};
	struct lab_strategy *strategy = lab_strategy_create(name, &options);
	const struct lab_sim_options run = {.quiesce = true, .strategy = strategy, .record = &choices};
	bool found = false;

	while (!strategy->done && !found && runs--) {
		choices.count = 0;
		assert_int_equal(lab_sim_run(rig->sim, &rig->scenario, &run, &rig->result), LAB_OK);
		found = rig->result.found;
	}
	if (strcmp(name, "auto") == 0 && weak && strategy->done)
		assert_false(strategy->complete); /* much is left out */
	lab_strategy_destroy(strategy);
	return found;
}

static void test_found_by_older_values_only(void **state)
{
	static const char *const strategies[] = {"bound", "auto", "random", "pct", "pos", "surw"};
	/* The second window is too narrow for those that only draw lots. */
	static const size_t fit[] = {LAB_ARRAY_COUNT(strategies), 2};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(texts); i++)
		for (size_t k = 0; k < fit[i]; k++) {
			struct lab_rig rig;

			open_on(&rig, i, texts[i]);
			if (search(&rig, strategies[k], false, 3000))
				fail_msg("%s: sc: %s", strategies[k], rig.result.finding.detail);
			if (!search(&rig, strategies[k], true, SEARCH_RUNS))
				fail_msg("%s: %s: no finding", files[i], strategies[k]);
			assert_int_equal(rig.result.finding.rule, rules[i]);
			assert_true(lab_choices_are_weak(&choices));
			lab_rig_close(&rig);
		}
}

static void test_clean_stays_clean(void **state)
{
	struct lab_rig rig;

	open_on(&rig, 2, texts[1]);
	if (search(&rig, "bound", true, UINT32_MAX) || search(&rig, "surw", true, 3000))
		fail_msg("%s", rig.result.finding.detail);
	lab_rig_close(&rig);
}

static void test_the_same_again(void **state)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(texts); i++) {
		struct lab_divergence divergence;
		struct lab_writer out = {0};
		struct lab_choices read = {0};
		struct lab_rig rig;
		uint64_t hash;

		open_on(&rig, i, texts[i]);
		assert_true(search(&rig, "bound", true, SEARCH_RUNS));
		hash = rig.result.event_hash;
		lab_choices_write(&choices, &out);
		assert_int_equal(lab_choices_read(out.bytes, out.count, rig.scenario.context_count, &read), LAB_OK);
		for (unsigned run = 0; run < 3; run++) {
			assert_int_equal(
				lab_sim_follow(rig.sim, &rig.scenario, &read, true, NULL, &rig.result, &divergence),
				LAB_OK);
			assert_false(divergence.is);
			assert_true(rig.result.found);
			assert_int_equal(rig.result.finding.rule, rules[i]);
			assert_true(rig.result.event_hash == hash);
		}
		lab_choices_free(&read);
		free(out.bytes);
		lab_rig_close(&rig);
	}
}

static void test_made_small(void **state)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(texts); i++) {
		struct lab_shrink shrink = {.rule = rules[i], .choices = &choices, .search_runs = 200};
		unsigned reads = 0;
		struct lab_rig rig;

		open_on(&rig, i, texts[i]);
		assert_true(search(&rig, "bound", true, SEARCH_RUNS));
		shrink.sim = rig.sim;
		shrink.scenario = &rig.scenario;
		assert_int_equal(lab_shrink(&shrink), LAB_OK);
		assert_false(shrink.unsteady);
		for (size_t k = 0; k < choices.count; k++)
			reads += choices.list[k].reads != 0;
		assert_in_range(reads, 1, 2);
		assert_true(choices.count <= 4);
		lab_rig_close(&rig);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_older_values_only),
		cmocka_unit_test(test_clean_stays_clean),
		cmocka_unit_test(test_the_same_again),
		cmocka_unit_test(test_made_small),
	};
	int failed;

	if (argc != 4) {
		fprintf(stderr, "usage: test_weak FLAG WAIT CORE\n");
		return 2;
	}
	for (size_t i = 0; i < LAB_ARRAY_COUNT(files); i++)
		files[i] = argv[1 + i];
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	lab_choices_free(&choices);
	return failed;
}
