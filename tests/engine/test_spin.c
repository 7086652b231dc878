/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

/* A lock of the target's own, which the engine knows nothing of: a spinner lets others go first, and what can never
 * end is told by its rule. usage: test_spin MODULE */

#define MACHINE "machine frames=64 cpus=2 order-max=3\nzone normal frames=0+64\n"
#define TWO     MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\ntask b cpu=1 { s0 = alloc kernel 0; }\n"

static const char *module_file;
static struct lab_rig rig;

/* b is let in at each event of a in turn, and finds the lock taken in the middle of them: both come to their end. */
static void test_spinner_lets_the_holder_go_on(void **state)
{
	uint64_t alone, spun = 0;

	lab_rig_expect(&rig, TWO, LAB_RULE_COUNT);
	alone = rig.result.event_count;
	for (size_t at = 0; at < alone / 2; at++) {
		uint8_t bytes[64] = {0};

		bytes[at] = 1; /* a goes first; one byte for each of its events */
		lab_rig_run_bytes(&rig, TWO, bytes, at + 1);
		assert_false(rig.result.found);
		assert_int_equal(rig.result.op_count, 2);
		spun += rig.result.event_count > alone;
		assert_true(rig.result.event_count < 100);
	}
	assert_true(spun > 0);
}

/* The handler waits for what only the task below it can let go of. */
static void test_handler_spins_on_whom_it_interrupted(void **state)
{
	unsigned stuck = 0, free = 0;

	rig.options.step_budget = 2000;
	for (unsigned at = 1; at < 8; at++) {
		char text[256];

		snprintf(text, sizeof(text),
			 MACHINE "task t { s0 = alloc kernel 0; }\nhardirq rx { s0 = alloc atomic 0; }\n"
				 "schedule rx@t:%u\n",
			 at);
		lab_rig_run(&rig, text);
		if (!rig.result.found) {
			free++;
			continue;
		}
		stuck++;
		assert_int_equal(rig.result.finding.rule, LAB_R08_INTERRUPT_SAFETY);
		assert_non_null(strstr(rig.result.finding.detail, "task t"));
	}
	rig.options.step_budget = 0;
	assert_true(stuck > 0);
	assert_true(free > 0);
}

/* Two wait for a third, which is left in its middle on a CPU without a task: they do not let only one another go first.
 */
static void test_spinners_let_everybody_go_on(void **state)
{
	static const char text[] = "machine frames=64 cpus=3 order-max=3\nzone normal frames=0+64\n"
				   "task t cpu=1 { s0 = alloc kernel 0; }\nsoftirq s cpu=2 { s0 = alloc atomic 0; }\n"
				   "hardirq h cpu=0 { s0 = alloc atomic 0; }\n";

	rig.options.step_budget = 5000;
	rig.options.strategy = lab_strategy_create("bound", &(struct lab_strategy_options){.preemptions = 2});
	for (unsigned run = 0; run < 2000 && !rig.options.strategy->done; run++)
		lab_rig_expect(&rig, text, LAB_RULE_COUNT);
	lab_strategy_destroy(rig.options.strategy);
	rig.options.strategy = NULL;
	rig.options.step_budget = 0;
}

static int open_rig(void **state)
{
	lab_rig_open_hooked(&rig, module_file);
	return 0;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spinner_lets_the_holder_go_on),
		cmocka_unit_test(test_spinners_let_everybody_go_on),
		cmocka_unit_test(test_handler_spins_on_whom_it_interrupted),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_spin MODULE\n");
		return 2;
	}
	module_file = argv[1];
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
