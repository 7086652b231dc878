/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "scenario/excerpt.h"
#include "scenario/mutate.h"
#include "scenario/text.h"
#include "scenario/validate.h"

#define RUNS 2000u

static const char *const large =
	"machine frames=16384 hole=1000+33 cpus=2 order-max=10 page-shift=12\n"
	"zone dma frames=0+1000 min=32\n"
	"zone normal frames=1033+15351 min=223\n"
	"task a cpu=0 { s0 = alloc kernel|dma 9; s1 = alloc kernel 1; free s0; touch s1; free s1; }\n"
	"task b cpu=1 { take s0; take s1; free s1; drain 1; }\n"
	"hardirq h1 cpu=0 { s0 = alloc atomic 0; give s0 a; }\n"
	"hardirq h2 cpu=0 { s2 = alloc atomic 0; give s2 b; }\n"
	"softirq h3 cpu=1 { s0 = alloc atomic 0; free s0; }\n";

static void expect(const struct lab_excerpt *excerpt, const char *text)
{
	struct lab_scenario from, to;
	struct lab_text_error error;
	char printed[2048] = "";
	FILE *out = fmemopen(printed, sizeof(printed), "w");

	assert_non_null(out);
	lab_scenario_init(&from);
	lab_scenario_init(&to);
	if (lab_scenario_parse(large, strlen(large), &from, &error) != LAB_OK)
		fail_msg("%u:%u: '%s', expected %s", error.line, error.column, error.word, error.expected);
	lab_scenario_excerpt(&from, excerpt, &to);
	lab_scenario_print(&to, out);
	fclose(out);
	assert_string_equal(printed, text);
	lab_scenario_free(&from);
	lab_scenario_free(&to);
}

/* What is in hand at the cut is allocated; an order that the machine lacks is cut down; there is no DMA zone. */
static void test_last_operations_of_one_cpu(void **state)
{
	const struct lab_excerpt excerpt = {
		.cpus = 1, .firings = 1, .ops = 3, .frames = 64, .left = LAB_EXCERPT_ALL_FREE};

	expect(&excerpt, "machine frames=64 cpus=1 order-max=6\n"
			 "zone normal frames=0+64 min=0 low=0 high=0 reserve=0\n"
			 "task a cpu=0 {\n"
			 "	s0 = alloc kernel 6;\n"
			 "	s1 = alloc kernel 1;\n"
			 "	free s0;\n"
			 "	touch s1;\n"
			 "	free s1;\n"
			 "}\n"
			 "hardirq h2 cpu=0 {\n"
			 "	s2 = alloc atomic 0;\n"
			 "	free s2;\n"
			 "}\n");
}

/* The last operation but one of each task; both zones; a taken block whose giver is there stays a taken block. */
static void test_earlier_operations_of_both_cpus_in_a_maze(void **state)
{
	const struct lab_excerpt excerpt = {.cpus = 2,
					    .firings = 1,
					    .ops = 2,
					    .skipped = 1,
					    .frames = 64,
					    .maze = true,
					    .left = LAB_EXCERPT_ALL_FREE};

	expect(&excerpt, "machine frames=64 hole=55+1 cpus=2 order-max=6\n"
			 "zone dma frames=0+24 min=0 low=0 high=0 reserve=0\n"
			 "zone normal frames=24+40 min=0 low=0 high=0 reserve=0\n"
			 "task a cpu=0 {\n"
			 "	s0 = alloc kernel|dma 6;\n"
			 "	s1 = alloc kernel 1;\n"
			 "	free s0;\n"
			 "	touch s1;\n"
			 "}\n"
			 "task b cpu=1 {\n"
			 "	take s1;\n"
			 "	free s1;\n"
			 "}\n"
			 "hardirq h2 cpu=0 {\n"
			 "	s2 = alloc atomic 0;\n"
			 "	give s2 b;\n"
			 "}\n"
			 "softirq h3 cpu=1 {\n"
			 "	s0 = alloc atomic 0;\n"
			 "	free s0;\n"
			 "}\n");
}

/* Frames that the first task takes for good, so that `left` are free above min. */
static void test_a_machine_that_is_short_of_memory(void **state)
{
	const struct lab_excerpt excerpt = {.cpus = 1, .ops = 1, .frames = 64, .min = 16, .left = 3};

	expect(&excerpt, "machine frames=64 cpus=1 order-max=6\n"
			 "zone normal frames=0+64 min=16 low=20 high=24 reserve=0\n"
			 "task a cpu=0 {\n"
			 "	s15 = alloc memalloc 5;\n"
			 "	s15 = alloc memalloc 3;\n"
			 "	s15 = alloc memalloc 2;\n"
			 "	s15 = alloc memalloc 0;\n"
			 "	s1 = alloc kernel 1;\n"
			 "	free s1;\n"
			 "}\n");
}

static void test_whatever_is_cut_validates(void **state)
{
	const struct lab_scope all = lab_scope_of(NULL);
	struct lab_scenario from, to;
	struct lab_prng prng;
	char message[160];

	lab_scenario_init(&from);
	lab_scenario_init(&to);
	lab_prng_seed(&prng, 5, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		const struct lab_excerpt excerpt = {
			.cpus = 1 + (unsigned)lab_prng_below(&prng, 5),
			.firings = (unsigned)lab_prng_below(&prng, 4),
			.ops = lab_prng_below(&prng, 20),
			.skipped = lab_prng_below(&prng, 10),
			.frames = UINT64_C(8) << lab_prng_below(&prng, 8),
			.maze = lab_prng_chance(&prng, 1, 2),
			.min = lab_prng_below(&prng, 64),
			.left = lab_prng_chance(&prng, 1, 2) ? LAB_EXCERPT_ALL_FREE : lab_prng_below(&prng, 32),
		};

		lab_scenario_generate(&prng, 1 + run % 100, &all, &from);
		lab_scenario_excerpt(&from, &excerpt, &to);
		if (lab_scenario_validate(&to, message, sizeof(message)) != LAB_OK)
			fail_msg("run %u: %s", run, message);
		assert_true(to.machine.frame_count == excerpt.frames && to.machine.cpu_count <= excerpt.cpus);
		assert_int_equal(to.schedule_bytes + to.directive_count, 0);
	}
	lab_scenario_free(&from);
	lab_scenario_free(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_operations_of_one_cpu),
		cmocka_unit_test(test_earlier_operations_of_both_cpus_in_a_maze),
		cmocka_unit_test(test_a_machine_that_is_short_of_memory),
		cmocka_unit_test(test_whatever_is_cut_validates),
	};

	return cmocka_run_group_tests_name("excerpt", tests, NULL, NULL);
}
