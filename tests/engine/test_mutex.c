/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "engine/race.h"
#include "engine/strategy.h"
#include "scenario/text.h"

/*
 * A mutex of the C library's in a hooked module, under every schedule of two contexts with at most two preemptions: who
 * finds it taken lets the others move, and in race mode it orders what they do. usage: test_mutex MODULE
 */

#define MACHINE "machine frames=64 cpus=2 order-max=3\nzone normal frames=0+64\n"

static const char *module_file;
static struct lab_rig rig;
static uint64_t (*counted)(void);

/* How many schedules came to their end without a finding; stops at the first that has one. */
static unsigned search(const char *tasks)
{
	const struct lab_strategy_options options = {.seed = 1, .preemptions = 2};
	struct lab_strategy *strategy = lab_strategy_create("bound", &options);
	const struct lab_sim_options run = {.strategy = strategy, .step_budget = 2000};
	struct lab_text_error error;
	unsigned clean = 0;
	char text[512];

	snprintf(text, sizeof(text), MACHINE "%s", tasks);
	if (lab_scenario_parse(text, strlen(text), &rig.scenario, &error) != LAB_OK)
		fail_msg("line %u: '%s', expected %s", error.line, error.word, error.expected);
	rig.result.found = false;
	while (!strategy->done && !rig.result.found) {
		assert_int_equal(lab_sim_run(rig.sim, &rig.scenario, &run, &rig.result), LAB_OK);
		if (!rig.result.found) {
			assert_int_equal(counted(), 2);
			clean++;
		}
	}
	lab_strategy_destroy(strategy);
	return clean;
}

static void expect(enum lab_rule rule, const char *word)
{
	const struct lab_finding *finding = &rig.result.finding;

	if (!rig.result.found)
		fail_msg("no finding");
	if (finding->rule != rule || !strstr(finding->detail, word))
		fail_msg("%s: %s", lab_rule_info(finding->rule)->id, finding->detail);
}

/* Each counts; where it naps another one may come, and finds the mutex taken. */
static void test_one_after_the_other(void **state)
{
	unsigned clean = search("task a cpu=0 { s0 = alloc kernel 1; }\ntask b cpu=1 { s0 = alloc kernel 1; }\n");

	if (rig.result.found)
		fail_msg("%s: %s", lab_rule_info(rig.result.finding.rule)->id, rig.result.finding.detail);
	assert_true(clean > 10);
}

/* It orders the two in race mode, and only those that take it. */
static void test_who_does_not_take_it(void **state)
{
	if (!lab_race_engine)
		skip();
	search("task a cpu=0 { s0 = alloc kernel 0; }\ntask b cpu=1 { s0 = alloc kernel|zero 0; }\n");
	expect(LAB_R11_ISOLATION, "data race");
}

static void test_kept_for_ever(void **state)
{
	search("task a cpu=0 { s0 = alloc kernel|exclusive 0; }\ntask b cpu=1 { s0 = alloc kernel 0; }\n");
	expect(LAB_R09_PROGRESS, "waits in pthread_mutex_lock for task a, and nobody can move");
}

static void test_atomic(void **state)
{
	search("task a cpu=0 { s0 = alloc atomic 0; }\n");
	expect(LAB_R07_ATOMIC_SLEEP, "service=pthread_mutex_lock in an atomic request");
	search("task a cpu=0 { s0 = alloc atomic|zero 1; }\n");
	expect(LAB_R07_ATOMIC_SLEEP, "service=usleep in an atomic request");
	search("task a cpu=0 { wait; }\nhardirq rx cpu=0 { s0 = alloc atomic 0; }\n");
	expect(LAB_R07_ATOMIC_SLEEP, "service=pthread_mutex_lock in an interrupt");
}

static int open_rig(void **state)
{
	void *handle, *symbol;

	lab_rig_open_hooked(&rig, module_file);
	handle = dlopen(module_file, RTLD_NOW | RTLD_NOLOAD);
	symbol = handle ? dlsym(handle, "mutex_counted") : NULL;
	memcpy(&counted, &symbol, sizeof(counted));
	return symbol ? 0 : -1;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_who_does_not_take_it),
		cmocka_unit_test(test_kept_for_ever),
		cmocka_unit_test(test_atomic),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_mutex MODULE\n");
		return 2;
	}
	module_file = argv[1];
	return cmocka_run_group_tests_name("mutex", tests, open_rig, close_rig);
}
