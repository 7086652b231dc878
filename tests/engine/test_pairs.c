/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <string.h>

/* What a fuzzer is told of a run beside the edges. usage: test_pairs CORE: its hooked module. */

#define COUNT   4096u
#define MACHINE "machine frames=64 cpus=2 order-max=3 page-shift=6\nzone normal frames=0+64 min=4 low=5 high=6\n"
#define TASKS   "task a { s0 = alloc kernel 0; free s0; }\ntask b cpu=1 { s0 = alloc kernel 0; free s0; }\n"

static const char *file;
static uint8_t pairs[COUNT];
static bool aside;
static unsigned asides, events;

static void note_aside(void *arg, bool is)
{
	asides += is && !aside;
	aside = is;
}

static void note_event(void *arg, const char *line)
{
	assert_false(aside);
	events++;
}

/* The pairs of one run; how many there are. */
static unsigned run(struct lab_rig *rig, const char *text, const char *bytes, size_t count, uint8_t *ret_pairs)
{
	unsigned set = 0;

	memset(pairs, 0, sizeof(pairs));
	rig->options.pairs = pairs;
	rig->options.pair_count = COUNT;
	lab_rig_run_bytes(rig, text, (const uint8_t *)bytes, count);
	assert_false(rig->result.found);
	for (unsigned i = 0; i < COUNT; i++)
		set += pairs[i];
	memcpy(ret_pairs, pairs, COUNT);
	return set;
}

static unsigned fresh(const uint8_t *of, const uint8_t *before)
{
	unsigned count = 0;

	for (unsigned i = 0; i < COUNT; i++)
		count += of[i] && !before[i];
	return count;
}

static void test_equal_runs_equal_pairs(void **state)
{
	static uint8_t first[COUNT], again[COUNT];
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, file);
	assert_true(run(&rig, MACHINE TASKS, "\0\0\1", 3, first) > 20);
	run(&rig, MACHINE TASKS, "", 0, again);
	run(&rig, MACHINE TASKS, "\0\0\1", 3, again);
	assert_memory_equal(first, again, COUNT);
	lab_rig_close(&rig);
}

/* The same calls with a switch in the middle of one: the same code reads what other code wrote. */
static void test_a_switch_makes_new_pairs(void **state)
{
	static uint8_t apart[COUNT], mixed[COUNT];
	struct lab_rig rig;
	unsigned most = 0;

	lab_rig_open_hooked(&rig, file);
	run(&rig, MACHINE TASKS, "", 0, apart);
	for (unsigned at = 1; at < 60; at++) {
		char bytes[64] = {0};
		unsigned count;

		bytes[at] = 1;
		run(&rig, MACHINE TASKS, bytes, at + 1, mixed);
		count = fresh(mixed, apart);
		most = count > most ? count : most;
	}
	assert_true(most >= 3);
	lab_rig_close(&rig);
}

/* A write and a read of one context, and which code wrote. */
static uintptr_t writer;
static uint64_t variable;

static void start(void)
{
}

static void write_and_read(unsigned context)
{
	lab_sim_access(LAB_SIM_WRITE, &variable, sizeof(variable), (const void *)writer);
	lab_sim_access(LAB_SIM_READ, &variable, sizeof(variable), (const void *)(uintptr_t)0x300);
}

static void test_which_code_wrote_counts(void **state)
{
	const struct lab_program program = {.body = write_and_read, .start = start, .tasks = 1};
	uint8_t first[COUNT];

	lab_program_open(&program);
	lab_program_rig.options.pairs = pairs;
	lab_program_rig.options.pair_count = COUNT;
	memset(pairs, 0, sizeof(pairs));
	writer = 0x100;
	lab_program_run(NULL, NULL);
	memcpy(first, pairs, COUNT);
	memset(pairs, 0, sizeof(pairs));
	writer = 0x200;
	lab_program_run(NULL, NULL);
	assert_int_equal(fresh(pairs, first), 2); /* the write, and the read that met it */
	lab_program_close();
}

/* An interrupt's writes are others than those of the task itself, though the code is the same. */
static void test_who_wrote_counts(void **state)
{
	static uint8_t own[COUNT], under[COUNT];
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, file);
	run(&rig, MACHINE "task a { s0 = alloc nowait 0; free s0; s0 = alloc nowait 0; free s0; }\n", "", 0, own);
	run(&rig,
	    MACHINE "task a { s0 = alloc nowait 0; free s0; }\nhardirq h { s0 = alloc nowait 0; free s0; }\n"
		    "schedule a*2 h\n",
	    "", 0, under);
	assert_true(fresh(under, own) >= 3);
	lab_rig_close(&rig);
}

/* Before and after, and never while the scenario runs; also where the machine is ready and the end was judged. */
static void test_what_is_aside(void **state)
{
	struct lab_rig rig;

	lab_rig_open_hooked(&rig, file);
	rig.options.aside = note_aside;
	rig.options.trace = note_event;
	for (unsigned i = 0; i < 3; i++) {
		asides = events = 0;
		lab_rig_run(&rig, MACHINE TASKS);
		assert_int_equal(asides, 3); /* made ready, opened, judged */
		assert_true(events > 50);
		assert_false(aside);
	}
	lab_rig_close(&rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_runs_equal_pairs),  cmocka_unit_test(test_a_switch_makes_new_pairs),
		cmocka_unit_test(test_which_code_wrote_counts), cmocka_unit_test(test_who_wrote_counts),
		cmocka_unit_test(test_what_is_aside),
	};

	if (argc < 2)
		return 2;
	file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
