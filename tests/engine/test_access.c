/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

/*
 * Interrupts at every access of unmodified code. usage: test_access CORE LOCKED LOST_UPDATE ZERO_OVERRUN EARLY_LOOK
 * CHECK_APART: their hooked modules.
 */

#define MACHINE "machine frames=64 cpus=2 order-max=3 page-shift=6\nzone normal frames=0+64 min=4 low=5 high=6\n"

static char **files;

/* Runs with the handler fired at each event of the task; how many of the positions broke a rule. */
static unsigned try_positions(struct lab_rig *rig, const char *handler, enum lab_rule *ret_rule, unsigned *ret_count)
{
	unsigned found = 0, at;
	uint64_t events;

	lab_rig_run(rig, MACHINE "task t { s0 = alloc nowait 0; s1 = alloc nowait 1; free s0; }\n");
	assert_false(rig->result.found);
	events = rig->result.event_count;
	for (at = 1; at <= events; at++) {
		char text[512];

		snprintf(text, sizeof(text),
			 MACHINE "task t { s0 = alloc nowait 0; s1 = alloc nowait 1; free s0; }\n"
				 "hardirq rx { %s }\nschedule rx@t:%u\n",
			 handler, at);
		lab_rig_run(rig, text);
		assert_int_equal(rig->result.interrupts[LAB_CONTEXT_HARDIRQ], 1);
		found += rig->result.found;
		if (rig->result.found)
			*ret_rule = rig->result.finding.rule;
	}
	*ret_count = at - 1;
	return found;
}

static void expect_clean(const char *file)
{
	struct lab_rig rig;
	enum lab_rule rule;
	unsigned count;

	lab_rig_open_hooked(&rig, file);
	assert_int_equal(try_positions(&rig, "s0 = alloc atomic 0; free s0;", &rule, &count), 0);
	assert_true(count > 50);
	assert_int_equal(try_positions(&rig, "s0 = alloc atomic 0; s1 = alloc atomic 2;", &rule, &count), 0);
	lab_rig_close(&rig);
}

static void test_core_is_clean_everywhere(void **state)
{
	expect_clean(files[0]);
}

static void test_locked_is_clean_everywhere(void **state)
{
	expect_clean(files[1]);
}

/* The bug shows only where the handler allocates between the task's read and its write. */
static void test_lost_update_is_found_in_its_window(void **state)
{
	enum lab_rule rule = LAB_RULE_COUNT;
	struct lab_rig rig;
	unsigned count, found;

	lab_rig_open_hooked(&rig, files[2]);
	found = try_positions(&rig, "p0 = alloc atomic 0;", &rule, &count);
	assert_true(found > 0);
	assert_true(found < count / 2);
	assert_int_equal(rule, LAB_R01_EXCLUSIVE_OWNERSHIP);
	lab_rig_close(&rig);
}

/* Found at the write itself: the owner never looks, and its block is given up in the end without ever being touched. */
static void test_overrun_is_found_at_the_write(void **state)
{
	const char *text = MACHINE "task t { s0 = alloc nowait 1; s1 = alloc nowait 1; free s0; %s 1; }\n";
	char overrun[256], sound[256];
	struct lab_rig rig;

	snprintf(overrun, sizeof(overrun), text, "s0 = alloc nowait|zero");
	snprintf(sound, sizeof(sound), text, "s0 = alloc nowait");
	lab_rig_open_hooked(&rig, files[3]);
	lab_rig_expect(&rig, overrun, LAB_R11_ISOLATION);
	if (!strstr(rig.result.finding.detail, "was written by code 0x"))
		fail_msg("%s", rig.result.finding.detail);
	lab_rig_expect(&rig, sound, LAB_RULE_COUNT);
	lab_rig_close(&rig);
	lab_rig_open_hooked(&rig, files[0]);
	lab_rig_expect(&rig, overrun, LAB_RULE_COUNT);
	lab_rig_close(&rig);
}

/* How many of the first 1200 positions of the handler break R03; no other rule may be broken. */
static unsigned count_below_floor(const char *file)
{
	const char *text =
		MACHINE "task t { s0 = alloc nowait 0; give s0 rx; s0 = alloc nowait 3; s1 = alloc nowait 3;\n"
			"s2 = alloc nowait 3; s3 = alloc nowait 3; s4 = alloc nowait 3; s5 = alloc nowait 3;\n"
			"s6 = alloc nowait 3; s7 = alloc nowait 1; s8 = alloc nowait 0; s9 = alloc nowait 0; }\n"
			"hardirq rx { p0 = alloc memalloc 0; take p1; free p1; }\nschedule rx@t:%u\n";
	unsigned found = 0;
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, file);
	for (unsigned at = 1; at <= 1200; at++) {
		char placed[512];

		snprintf(placed, sizeof(placed), text, at);
		lab_rig_run(&rig, placed);
		found += rig.result.found;
		assert_true(!rig.result.found || rig.result.finding.rule == LAB_R03_RESERVE_FLOOR);
	}
	lab_rig_close(&rig);
	return found;
}

/* What the handler takes and gives back balances: only the floor at each instant tells that there never was room. */
static void test_floors_are_exact(void **state)
{
	assert_int_equal(count_below_floor(files[0]), 0);
	assert_true(count_below_floor(files[4]) > 0);
}

/* Room for one: where the handler comes between the task's look and its taking, both have it, and only R18 can tell. */
static unsigned count_without_order(const char *file)
{
	unsigned found = 0;
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, file);
	for (unsigned at = 1; at <= 200; at++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "machine frames=8 order-max=3 page-shift=6\nzone normal frames=0+8 min=7\n"
			 "task t { s0 = alloc nowait 0; }\nhardirq rx { s0 = alloc nowait 0; }\nschedule rx@t:%u\n",
			 at);
		lab_rig_run(&rig, text);
		found += rig.result.found;
		assert_true(!rig.result.found || rig.result.finding.rule == LAB_R18_LINEARIZABILITY);
		assert_int_equal(rig.result.windows_unjudged, 0);
	}
	lab_rig_close(&rig);
	return found;
}

static void test_calls_have_an_order(void **state)
{
	assert_int_equal(count_without_order(files[0]), 0);
	assert_int_equal(count_without_order(files[1]), 0);
	assert_true(count_without_order(files[5]) > 0);
}

/* Ten runs of one schedule are one run, also after others, and after runs that a finding abandoned. */
static void test_equal_runs(void **state)
{
	const char *text = MACHINE "task a cpu=0 { s0 = alloc nowait 0; free s0; s1 = alloc nowait 2; }\n"
				   "task b cpu=1 { s0 = alloc nowait 1; free s0; }\n";
	uint8_t bytes[200];
	uint64_t hash = 0, events = 0;
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, files[0]);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 3 == 0;
	for (int i = 0; i < 10; i++) {
		lab_rig_run_bytes(&rig, text, bytes, sizeof(bytes));
		assert_false(rig.result.found);
		if (i == 0) {
			hash = rig.result.event_hash;
			events = rig.result.event_count;
		}
		assert_true(rig.result.event_hash == hash);
		assert_true(rig.result.event_count == events);
		rig.options.step_budget = 40;
		lab_rig_run_bytes(&rig, text, bytes, sizeof(bytes));
		assert_true(rig.result.found);
		rig.options.step_budget = 0;
		lab_rig_run(&rig, MACHINE "task a { s0 = alloc nowait 3; }\n");
		assert_false(rig.result.found);
	}
	lab_rig_run_bytes(&rig, text, bytes, 20);
	assert_true(rig.result.event_hash != hash);
	lab_rig_close(&rig);
}

/* Reads of what nobody writes are no choices then, but they are counted: the same schedule is the same run. */
static void test_settled(void **state)
{
	const char *text = MACHINE "task a cpu=0 { s0 = alloc nowait 0; free s0; }\n"
				   "task b cpu=1 { s0 = alloc nowait 0; free s0; }\n";
	const char *others = MACHINE "task a cpu=0 { s0 = alloc nowait 3; map s0; unmap s0; }\n"
				     "task b cpu=1 { s0 = alloc nowait 0; }\n";
	uint8_t bytes[64];
	uint64_t asked_everywhere, hash;
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, files[0]);
	memset(bytes, 1, sizeof(bytes));
	lab_rig_run(&rig, text);
	hash = rig.result.event_hash;
	asked_everywhere = rig.result.event_count;
	lab_sim_settle(rig.sim);
	rig.options.settled = true;
	lab_rig_run(&rig, text);
	assert_true(rig.result.event_hash == hash);
	assert_true(rig.result.event_count == asked_everywhere);
	assert_false(rig.result.outgrown);
	/* a view is counted in a word that an alloc and a free leave alone */
	lab_rig_run(&rig, others);
	assert_true(rig.result.outgrown);
	lab_sim_settle(rig.sim);
	lab_rig_run(&rig, others);
	assert_false(rig.result.outgrown);

	/* the same bytes last for more events, so that they switch later on, too */
	lab_rig_run_bytes(&rig, text, bytes, sizeof(bytes));
	hash = rig.result.event_hash;
	rig.options.settled = false;
	lab_rig_run_bytes(&rig, text, bytes, sizeof(bytes));
	assert_true(rig.result.event_hash != hash);
	lab_rig_close(&rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core_is_clean_everywhere),
		cmocka_unit_test(test_locked_is_clean_everywhere),
		cmocka_unit_test(test_lost_update_is_found_in_its_window),
		cmocka_unit_test(test_overrun_is_found_at_the_write),
		cmocka_unit_test(test_floors_are_exact),
		cmocka_unit_test(test_calls_have_an_order),
		cmocka_unit_test(test_equal_runs),
		cmocka_unit_test(test_settled),
	};

	if (argc != 7) {
		fprintf(stderr, "usage: test_access CORE LOCKED LOST_UPDATE ZERO_OVERRUN EARLY_LOOK CHECK_APART\n");
		return 2;
	}
	files = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
