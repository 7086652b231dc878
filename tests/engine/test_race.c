/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "engine/race.h"
#include "engine/shrink.h"
#include "engine/strategy.h"
#include "scenario/text.h"

/*
 * Race mode on the programs of race_module.c: the wrong form of each is R11 under some schedule with at most one
 * preemption, the right form under none with at most two. usage: test_race MODULE LOCKED
 */

#define MACHINE "machine frames=1024 cpus=2 order-max=10\nzone normal frames=0+1024\n"

static const char *module_file, *locked_file;
static struct lab_rig litmus;
static struct lab_choices choices;

static const char *const programs[] = {
	"count",     "message",  "relaxed reader", "undo", "publish", "host lock",
	"host wake", "volatile", "fences",         "heap", "copy",
};

static void open_on(struct lab_rig *rig, const char *file)
{
	assert_non_null(lab_race_engine);
	lab_rig_open_hooked(rig, file);
}

static void parse(struct lab_rig *rig, const char *text)
{
	struct lab_text_error error;

	if (lab_scenario_parse(text, strlen(text), &rig->scenario, &error) != LAB_OK)
		fail_msg("line %u, column %u: '%s', expected %s", error.line, error.column, error.word, error.expected);
}

/* All schedules with so many preemptions or interrupts placed; true: there was a finding. */
static bool search(struct lab_rig *rig, const char *strategy_name, unsigned preemptions)
{
	const struct lab_strategy_options options = {.seed = 1, .preemptions = preemptions};
	struct lab_strategy *strategy = lab_strategy_create(strategy_name, &options);
	const struct lab_sim_options run = {.strategy = strategy, .record = &choices};
	bool found = false;

	while (!strategy->done && !found) {
		choices.count = 0;
		assert_int_equal(lab_sim_run(rig->sim, &rig->scenario, &run, &rig->result), LAB_OK);
		found = rig->result.found;
	}
	lab_strategy_destroy(strategy);
	return found;
}

static void two_tasks(const char *flags, size_t program, unsigned other_cpu)
{
	char text[512];

	snprintf(text, sizeof(text),
		 MACHINE "task a cpu=0 { s0 = alloc %s %zu; }\ntask b cpu=%u { s0 = alloc %s %zu; }\n", flags, program,
		 other_cpu, flags, program);
	parse(&litmus, text);
}

static void test_wrong_forms_race(void **state)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(programs); i++) {
		const struct lab_finding *finding = &litmus.result.finding;

		two_tasks("kernel|zero", i, 1);
		if (!search(&litmus, "bound", 1))
			fail_msg("%s: no finding", programs[i]);
		/* memory that was given back is told before the race for it */
		if (strcmp(programs[i], "heap") == 0 && finding->rule == LAB_R00_CRASH &&
		    strstr(finding->detail, "freed memory"))
			continue;
		if (finding->rule != LAB_R11_ISOLATION || !strstr(finding->detail, "data race at "))
			fail_msg("%s: %s %s", programs[i], lab_rule_info(finding->rule)->id, finding->detail);
		if (!strstr(finding->detail, "task a: ") || !strstr(finding->detail, "task b: ") ||
		    !strstr(finding->detail, " at code 0x"))
			fail_msg("%s: %s", programs[i], finding->detail);
	}
}

static void test_right_forms_do_not(void **state)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(programs); i++) {
		two_tasks("kernel", i, 1);
		if (search(&litmus, "bound", 2))
			fail_msg("%s: %s %s", programs[i], lab_rule_info(litmus.result.finding.rule)->id,
				 litmus.result.finding.detail);
	}
}

/* What one CPU does is in order: its tasks, and a handler with whom it interrupts. */
static void test_one_cpu_is_in_order(void **state)
{
	static const char *const texts[] = {
		MACHINE "task a cpu=0 { s0 = alloc kernel|zero 0; s0 = alloc kernel|zero 0; }\n"
			"task b cpu=0 { s0 = alloc kernel|zero 0; s0 = alloc kernel|zero 0; }\n",
		MACHINE "task a cpu=0 { s0 = alloc atomic|zero 0; }\nhardirq rx cpu=0 { s0 = alloc atomic|zero 0; }\n",
		MACHINE "task a cpu=0 { s0 = alloc atomic|zero 0; }\nsoftirq tx cpu=0 { s0 = alloc atomic|zero 0; }\n"
			"nmi wd cpu=0 { s0 = alloc atomic|zero 0; }\n",
	};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(texts); i++) {
		parse(&litmus, texts[i]);
		for (unsigned strategy = 0; strategy < 2; strategy++)
			if (search(&litmus, strategy ? "irq" : "bound", 2))
				fail_msg("%s", litmus.result.finding.detail);
	}
}

static void test_a_handler_races_with_another_cpu(void **state)
{
	parse(&litmus, MACHINE "task a cpu=0 { s0 = alloc atomic|zero 0; }\ntask b cpu=1 { s0 = alloc atomic 1; }\n"
			       "hardirq rx cpu=1 { s0 = alloc atomic|zero 0; }\n");
	assert_true(search(&litmus, "irq", 1));
	assert_int_equal(litmus.result.finding.rule, LAB_R11_ISOLATION);
	assert_non_null(strstr(litmus.result.finding.detail, "hardirq rx: "));
}

/* What an owner wrote, its next owner may overwrite: by give and take, and through the target, whose locks order it. */
static void test_hand_over_is_in_order(void **state)
{
	struct lab_rig own;

	open_on(&own, locked_file);
	parse(&own,
	      MACHINE "task a cpu=0 { s0 = alloc kernel 0; touch s0; give s0 b; s1 = alloc kernel 0; touch s1; }\n"
		      "task b cpu=1 { take s0; touch s0; free s0; }\n");
	if (search(&own, "bound", 2))
		fail_msg("%s", own.result.finding.detail);
	lab_rig_close(&own);
}

/* The runtime tells of one place once, and says nothing of it afterwards: the engine sees to it that it does. */
static void test_each_replay_reports_again(void **state)
{
	struct lab_finding finding;
	uint64_t hash;

	for (size_t i = 0; i < LAB_ARRAY_COUNT(programs); i++) {
		two_tasks("kernel|zero", i, 1);
		if (!search(&litmus, "bound", 1))
			fail_msg("%s: no finding", programs[i]);
		finding = litmus.result.finding;
		hash = litmus.result.event_hash;
		for (unsigned run = 0; run < 100; run++) {
			assert_int_equal(lab_sim_follow(litmus.sim, &litmus.scenario, &choices, true, NULL,
							&litmus.result, NULL),
					 LAB_OK);
			assert_true(litmus.result.found);
			assert_string_equal(litmus.result.finding.detail, finding.detail);
			assert_true(litmus.result.event_hash == hash);
		}
	}
}

static int open_rig(void **state)
{
	open_on(&litmus, module_file);
	return 0;
}

static int close_rig(void **state)
{
	lab_rig_close(&litmus);
	lab_choices_free(&choices);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_forms_race),      cmocka_unit_test(test_right_forms_do_not),
		cmocka_unit_test(test_one_cpu_is_in_order),   cmocka_unit_test(test_a_handler_races_with_another_cpu),
		cmocka_unit_test(test_hand_over_is_in_order), cmocka_unit_test(test_each_replay_reports_again),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: test_race MODULE LOCKED\n");
		return 2;
	}
	module_file = argv[1];
	locked_file = argv[2];
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
