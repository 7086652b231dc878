/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "hook_steps.h"
#include "scenario/text.h"

/*
 * Every kind of access that a compiler hooks, in a module of that compiler: the results are right, and each is an event
 * of the right kind and size. usage: test_hooks MODULE gcc|clang
 */

static const struct {
	const char *name, *events, *events_gcc;
} steps[] = {
#define STEP(name, events, events_gcc) {#name, events, events_gcc},
	HOOK_STEPS(STEP)
#undef STEP
};

#define STEP_COUNT LAB_ARRAY_COUNT(steps)

static const char *module_file;
static bool is_gcc;
static struct lab_rig rig;
static char seen[STEP_COUNT][256];
static enum lab_status answers[STEP_COUNT];
static size_t done;

/* "     1 task a: read of 8 bytes at ..." becomes "r8". */
static void note_event(void *arg, const char *line)
{
	const char *of = strstr(line, " bytes at "), *colon = strstr(line, ": ");
	size_t used;

	if (!of || !colon || done >= STEP_COUNT)
		return;
	while (of[-1] != ' ')
		of--;
	used = strlen(seen[done]);
	snprintf(seen[done] + used, sizeof(seen[done]) - used, "%s%c%d", used ? " " : "", colon[2], atoi(of));
}

static void note_step(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	if (op->kind == LAB_OP_ALLOC && done < STEP_COUNT)
		answers[done++] = status;
}

static uint64_t run_steps(void)
{
	const struct lab_sim_options options = {.quiesce = true, .trace = note_event, .op_done = note_step};
	struct lab_sim_result result;

	memset(seen, 0, sizeof(seen));
	done = 0;
	assert_int_equal(lab_sim_run(rig.sim, &rig.scenario, &options, &result), LAB_OK);
	if (result.found)
		fail_msg("%s: %s", lab_rule_info(result.finding.rule)->id, result.finding.detail);
	return result.event_hash;
}

static void test_every_kind(void **state)
{
	run_steps();
	assert_int_equal(done, STEP_COUNT);
	for (size_t i = 0; i < STEP_COUNT; i++) {
		const char *expected = is_gcc && steps[i].events_gcc ? steps[i].events_gcc : steps[i].events;

		if (is_gcc && strcmp(steps[i].name, "wide") == 0)
			expected = "";
		if (answers[i] != LAB_OK)
			fail_msg("%s: a wrong result", steps[i].name);
		if (strcmp(seen[i], expected) != 0)
			fail_msg("%s: events \"%s\", expected \"%s\"", steps[i].name, seen[i], expected);
	}
}

/* The module's count of steps, its words and its thread-local word are what they were at the start of each run. */
static void test_runs_are_equal(void **state)
{
	uint64_t first = run_steps();

	for (int i = 0; i < 10; i++) {
		assert_true(run_steps() == first);
		for (size_t at = 0; at < STEP_COUNT; at++)
			assert_int_equal(answers[at], LAB_OK);
	}
}

static int open_rig(void **state)
{
	char text[4096] = "machine frames=64 order-max=3\nzone normal frames=0+64\ntask a {";
	struct lab_text_error error;

	lab_rig_open_hooked(&rig, module_file);
	for (size_t i = 0; i < STEP_COUNT; i++)
		strcat(text, " s0 = alloc kernel 0; free s0;");
	strcat(text, " }\n");
	return lab_scenario_parse(text, strlen(text), &rig.scenario, &error) == LAB_OK ? 0 : -1;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_runs_are_equal),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: test_hooks MODULE gcc|clang\n");
		return 2;
	}
	module_file = argv[1];
	is_gcc = strcmp(argv[2], "gcc") == 0;
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
