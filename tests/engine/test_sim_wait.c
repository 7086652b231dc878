/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>

/* Requests that wait, and the reclaimer's context, on the built-in targets. */

#define MACHINE "machine frames=16 cpus=2 order-max=3\nzone normal frames=0+16 min=4 low=6 high=8\n"

static struct lab_rig rig;

static const struct lab_target *const targets[] = {&lab_target_core, &lab_target_locked};

static void each(void (*test)(void))
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		lab_rig_open(&rig, targets[i]);
		test();
		lab_rig_close(&rig);
	}
}

static void waits_for_another(void)
{
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc memalloc 3; wait; free s0; }\n"
			       "task b cpu=1 { s0 = alloc direct 3; }\nschedule a*1 b* a*\n",
		       LAB_RULE_COUNT);
	assert_true(rig.result.sleeps > 0);
	assert_false(rig.result.starved);
	assert_int_equal(rig.result.reclaims, 0);
	for (size_t i = 0; i < rig.op_count; i++)
		assert_int_equal(rig.statuses[i], LAB_OK);
}

static void test_waits_for_another(void **state)
{
	each(waits_for_another);
}

/* Nobody is left who could give anything: no finding, and told; with noretry the run goes on. */
static void starves(void)
{
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc memalloc 3; s1 = alloc kernel 3; s2 = alloc atomic 0; }\n",
		       LAB_RULE_COUNT);
	assert_true(rig.result.starved);
	lab_rig_expect(&rig,
		       MACHINE
		       "task a cpu=0 { s0 = alloc memalloc 3; s1 = alloc kernel|noretry 3; s2 = alloc atomic 0; }\n",
		       LAB_RULE_COUNT);
	assert_false(rig.result.starved);
	assert_int_equal(rig.statuses[1], LAB_NO_MEMORY);
	assert_int_equal(rig.statuses[2], LAB_OK);
}

static void test_starves(void **state)
{
	each(starves);
}

/* What is kept comes back by the shrinkers, whosever it is, before anybody sleeps. */
static void shrinkers_help(void)
{
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc memalloc 3; s0 = alloc memalloc 1; }\n"
			       "task b cpu=1 { s0 = alloc direct 3; }\nschedule a* b*\n",
		       LAB_RULE_COUNT);
	assert_int_equal(rig.result.sleeps, 0);
	assert_int_equal(rig.statuses[2], LAB_OK);
}

static void test_shrinkers_help(void **state)
{
	each(shrinkers_help);
}

/* The reclaimer is a context: woken by who may, it frees what is kept while others go on. */
static void reclaims(void)
{
	static const char text[] = MACHINE "task a cpu=0 { s0 = alloc %s 2; s0 = alloc %s 2; s0 = alloc %s 2; }\n";
	char filled[256];

	snprintf(filled, sizeof(filled), text, "nowait", "nowait", "nowait");
	lab_rig_expect(&rig, filled, LAB_RULE_COUNT);
	assert_int_equal(rig.result.reclaims, 1);
	snprintf(filled, sizeof(filled), text, "none", "none", "none");
	lab_rig_expect(&rig, filled, LAB_RULE_COUNT);
	assert_int_equal(rig.result.reclaims, 0);
}

static void test_reclaims(void **state)
{
	each(reclaims);
}

/* What lock-free code and an interrupt on the reclaimer's CPU do to one another: random schedules. */
static void test_interrupted(void **state)
{
	struct lab_strategy *strategy = lab_strategy_create("random", &(struct lab_strategy_options){.seed = 1});

	lab_rig_open(&rig, &lab_target_core);
	rig.options.strategy = strategy;
	for (unsigned i = 0; i < 200; i++) {
		lab_rig_run(&rig,
			    MACHINE "task a cpu=0 { s0 = alloc kernel 2; s0 = alloc kernel 2; s0 = alloc kernel 1; }\n"
				    "task b cpu=1 { s0 = alloc kernel 1; free s0; }\n"
				    "hardirq rx cpu=1 { s0 = alloc atomic 0; free s0; }\n");
		assert_false(rig.result.found);
		assert_false(rig.result.starved);
	}
	lab_rig_close(&rig);
	lab_strategy_destroy(strategy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_another), cmocka_unit_test(test_starves),
		cmocka_unit_test(test_shrinkers_help),    cmocka_unit_test(test_reclaims),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
