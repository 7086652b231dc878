/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <string.h>

#include "engine/shrink.h"
#include "scenario/text.h"

/* A rule that is broken in one window by one interrupt and one other CPU, and what is left of a long run that does. */

#define MACHINE "machine frames=64 cpus=3 order-max=3\nzone normal frames=0+64 min=4 low=5 high=6 reserve=0\n"

static struct lab_target target;
static struct lab_sim *sim;
static struct lab_scenario scenario;
static struct lab_choices choices;
static const struct lab_host *host;
static unsigned window, in_window;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	host = machine->host;
	window = in_window = 0;
	return lab_target_locked.create(machine, ret_self);
}

/* An interrupt over a task that is between the two accesses of an allocation of order 1, while another task is, too. */
static enum lab_status alloc(void *self, const struct lab_request *request, void **ret_block)
{
	if (lab_owner_context(request->owner) == LAB_OWNER_CONTEXT_MAX)
		return lab_target_locked.alloc(self, request, ret_block);
	if (host->context() != LAB_CONTEXT_TASK) {
		lab_sim_access(LAB_SIM_READ, &in_window, sizeof(in_window), NULL);
		if (in_window == 2)
			host->might_sleep(); /* R07 */
		return lab_target_locked.alloc(self, request, ret_block);
	}
	lab_sim_access(LAB_SIM_UPDATE, &in_window, sizeof(in_window), NULL);
	in_window += request->order == 1;
	lab_sim_access(LAB_SIM_WRITE, &window, sizeof(window), NULL);
	lab_sim_access(LAB_SIM_UPDATE, &in_window, sizeof(in_window), NULL);
	in_window -= request->order == 1;
	return lab_target_locked.alloc(self, request, ret_block);
}

static int open_all(void **state)
{
	static const char text[] =
		MACHINE "task a cpu=0 { s0 = alloc nowait 0; free s0; s1 = alloc nowait 1; touch s1; free s1; }\n"
			"task b cpu=1 { s0 = alloc nowait 1; free s0; s1 = alloc nowait 0; touch s1; free s1; }\n"
			"task c cpu=2 { s0 = alloc nowait 0; touch s0; free s0; }\n"
			"hardirq rx cpu=0 { s0 = alloc atomic 0; touch s0; free s0; }\n"
			"softirq tx cpu=2 { s0 = alloc atomic 0; free s0; }\n";
	struct lab_text_error error;

	target = lab_target_locked;
	target.create = create;
	target.alloc = alloc;
	target.caps |= LAB_CAP_IRQ;
	target.caps &= ~LAB_CAP_RECLAIM; /* whose context would come between */
	lab_scenario_init(&scenario);
	assert_int_equal(lab_scenario_parse(text, strlen(text), &scenario, &error), LAB_OK);
	assert_int_equal(lab_sim_create(&target, &sim), LAB_OK);
	return 0;
}

static int close_all(void **state)
{
	lab_sim_destroy(sim);
	lab_scenario_free(&scenario);
	lab_choices_free(&choices);
	return 0;
}

static enum lab_rule find(const char *name, uint64_t seed)
{
	struct lab_strategy *strategy =
		lab_strategy_create(name, &(struct lab_strategy_options){.seed = seed, .preemptions = LAB_NOBODY});
	const struct lab_sim_options options = {.quiesce = true, .strategy = strategy, .record = &choices};
	struct lab_sim_result result = {.found = false};

	for (unsigned i = 0; i < 100000 && !strategy->done && !result.found; i++) {
		choices.count = 0;
		assert_int_equal(lab_sim_run(sim, &scenario, &options, &result), LAB_OK);
	}
	assert_true(result.found);
	lab_strategy_destroy(strategy);
	return result.finding.rule;
}

/* Three operations, one interrupt, and switches as few as there can be. */
static void test_nothing_is_left_over(void **state)
{
	static const char *const names[] = {"random", "surw", "pos", "pct", "bound"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct lab_shrink shrink = {.sim = sim, .scenario = &scenario, .choices = &choices};
		struct lab_sim_result again;
		struct lab_divergence divergence;
		size_t interrupts = 0;

		close_all(state);
		open_all(state);
		shrink.sim = sim;
		shrink.rule = find(names[i], i + 1);
		assert_int_equal(shrink.rule, LAB_R07_ATOMIC_SLEEP);
		assert_int_equal(lab_shrink(&shrink), LAB_OK);
		assert_false(shrink.unsteady);
		assert_int_equal(scenario.context_count, 3);
		assert_int_equal(scenario.op_count, 3);
		for (size_t k = 0; k < choices.count; k++)
			interrupts += choices.list[k].fires;
		assert_int_equal(interrupts, 1);
		assert_in_range(choices.count, 2, 3);
		/* and what is left is what it says it is */
		assert_int_equal(lab_sim_follow(sim, &scenario, &choices, true, NULL, &again, &divergence), LAB_OK);
		assert_false(divergence.is);
		assert_true(again.found && again.finding.rule == shrink.rule);
		assert_true(again.event_hash == shrink.result.event_hash);
	}
}

static void test_no_finding_is_nothing_to_shrink(void **state)
{
	struct lab_shrink shrink = {
		.sim = sim, .scenario = &scenario, .choices = &choices, .rule = LAB_R07_ATOMIC_SLEEP};

	choices.count = 0;
	assert_int_equal(lab_shrink(&shrink), LAB_INVALID);
	assert_int_equal(scenario.op_count, 18);
}

static bool at_once(void *arg)
{
	return true;
}

/* Whoever is asked to stop has a test case that still breaks the rule. */
static void test_stopped_is_still_good(void **state)
{
	struct lab_shrink shrink = {.sim = sim, .scenario = &scenario, .choices = &choices, .stop = at_once};

	shrink.rule = find("random", 5);
	assert_int_equal(lab_shrink(&shrink), LAB_OK);
	assert_false(shrink.unsteady);
	assert_int_equal(scenario.op_count, 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_left_over, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_no_finding_is_nothing_to_shrink, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_stopped_is_still_good, open_all, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
