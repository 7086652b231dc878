/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "scenario/text.h"

/* The start of a good text, on one line, so that what follows is line 2. */
#define MACHINE "machine frames=64 cpus=2 order-max=3\n"
#define TASK    "task t cpu=0 { }\n"

struct wrong {
	const char *text;
	unsigned line, column;
	const char *word, *expected;
};

static const struct wrong wrongs[] = {
	/* statements */
	{"", 1, 1, "", "machine, as the first statement"},
	{"# nothing\n\n", 3, 1, "", "machine, as the first statement"},
	{"task t { }", 1, 1, "task", "machine, as the first statement"},
	{"  machin frames=1", 1, 3, "machin", "machine, as the first statement"},
	{MACHINE "tusk t { }", 2, 1, "tusk", "zone, task, softirq, hardirq, nmi or schedule"},
	{MACHINE "\n\n; ", 4, 1, ";", "zone, task, softirq, hardirq, nmi or schedule"},
	{MACHINE TASK "\t\xff", 3, 2, "\\xff", "zone, task, softirq, hardirq, nmi or schedule"},
	{MACHINE MACHINE, 2, 1, "machine", "one machine only"},
	{MACHINE, 2, 1, "", "a task"},
	{MACHINE "nmi n { }", 2, 10, "", "a task"},
	/* machine */
	{"machine\ntask t { }", 1, 8, "", "frames="},
	{"machine cpus=1", 1, 9, "cpus", "frames="},
	{"machine frames", 1, 15, "", "="},
	{"machine frames=\n" TASK, 1, 16, "", "a number, 1..16777216"},
	{"machine frames=0", 1, 16, "0", "a number, 1..16777216"},
	{"machine frames=99999999999999999999999", 1, 16, "99999999999999999999999", "a number, 1..16777216"},
	{"machine frames=12x", 1, 16, "12x", "a number, 1..16777216"},
	{"machine frames=8 cpus=65", 1, 23, "65", "a number, 1..64"},
	{"machine frames=8 order-max=11", 1, 28, "11", "a number, 0..10"},
	{"machine frames=8 page-shift=5", 1, 29, "5", "a number, 6..16"},
	{"machine frames=8 hole=4", 1, 24, "", "+"},
	{"machine frames=8 hole=4+", 1, 25, "", "the count of frames, a number"},
	{"machine frames=8 hole=4+5", 1, 23, "4", "FIRST+COUNT inside the machine's 8 frames"},
	{"machine frames=8 hole=18446744073709551615+2", 1, 23, "18446744073709551615",
	 "FIRST+COUNT inside the machine's 8 frames"},
	{"machine frames=8 hole=0+0", 1, 23, "0", "FIRST+COUNT inside the machine's 8 frames"},
	{"machine frames=8 speed=9", 1, 18, "speed", "hole=, cpus=, order-max= or page-shift="},
	{"machine frames=8 hole=0+8\n" TASK, 1, 1, "machine", "a machine with a frame that is no hole"},
	/* zones */
	{MACHINE "zone high frames=0+1", 2, 6, "high", "dma or normal"},
	{MACHINE "zone\n", 2, 5, "", "dma or normal"},
	{MACHINE "zone dma min=1", 2, 10, "min", "frames="},
	{MACHINE "zone dma frames=0+8\nzone dma frames=8+8", 3, 6, "dma", "each zone once only"},
	{MACHINE "zone dma frames=0+8\nzone normal frames=7+8", 3, 20, "7", "frames that no range before holds"},
	{MACHINE "zone dma frames=60+5", 2, 17, "60", "FIRST+COUNT inside the machine's 64 frames"},
	{MACHINE "zone dma frames=0+8 max=1", 2, 21, "max", "frames=, min=, low=, high= or reserve="},
	{MACHINE "zone dma frames=0+8 min=9\n" TASK, 2, 25, "9", "0..8"},
	{MACHINE "zone dma frames=0+8 min=4 low=3\n" TASK, 2, 31, "3", "4..8"},
	{MACHINE "zone dma frames=0+8 min=4 low=4 high=9\n" TASK, 2, 38, "9", "4..8"},
	{MACHINE "zone normal frames=0+8 reserve=1\n" TASK, 2, 32, "1", "0..0"},
	/* contexts */
	{MACHINE "task { }", 2, 6, "{", "a name: a letter, then letters, digits, _ and -, at most 23 in all"},
	{MACHINE "task 9t { }", 2, 6, "9t", "a name: a letter, then letters, digits, _ and -, at most 23 in all"},
	{MACHINE "task bytes { }", 2, 6, "bytes", "a name: a letter, then letters, digits, _ and -, at most 23 in all"},
	{MACHINE "task abcdefghijklmnopqrstuvwx { }", 2, 6, "abcdefghijklmnopqrstuvwx",
	 "a name: a letter, then letters, digits, _ and -, at most 23 in all"},
	{MACHINE TASK "nmi t { }", 3, 5, "t", "a name that no other context has"},
	{MACHINE "task t cpu=2 { }", 2, 12, "2", "0..1"},
	{MACHINE "task t cpu=one { }", 2, 12, "one", "a CPU, a number"},
	{MACHINE "task t cpu 1 { }", 2, 12, "1", "="},
	{MACHINE "task t on=1 { }", 2, 8, "on", "cpu= or {"},
	{MACHINE "task t {\n wait;\n", 4, 1, "",
	 "an operation (SLOT = alloc GFP ORDER, free SLOT, touch SLOT, ...) or }"},
	{MACHINE "task t { irq-off; }", 2, 19, "}", "what is held to be released, irq-on first"},
	{MACHINE "task t { lock 1; lock 2; unlock 2; }", 2, 36, "}",
	 "what is held to be released, the last lock first"},
	/* operations */
	{MACHINE "task t { fre s0; }", 2, 10, "fre",
	 "an operation (SLOT = alloc GFP ORDER, free SLOT, touch SLOT, ...) or }"},
	{MACHINE "task t { s16 = alloc none 0; }", 2, 10, "s16",
	 "an operation (SLOT = alloc GFP ORDER, free SLOT, touch SLOT, ...) or }"},
	{MACHINE "task t { s0 alloc none 0; }", 2, 13, "alloc", "="},
	{MACHINE "task t { s0 = malloc none 0; }", 2, 15, "malloc", "alloc"},
	{MACHINE "task t { s0 = alloc kernal 0; }", 2, 21, "kernal",
	 "kernel, atomic, nowait, none, dma, high, memalloc, nomemalloc, direct, noretry, nofail, zero, exclusive or "
	 "shred"},
	{MACHINE "task t { s0 = alloc none; }", 2, 25, ";", "an order, a number"},
	{MACHINE "task t { s0 = alloc none 4; }", 2, 26, "4", "0..3"},
	{MACHINE "task t { s0 = alloc none 999; }", 2, 26, "999", "0..3"},
	{MACHINE "task t { s0 = alloc none|nofail 0; }", 2, 21, "none",
	 "flags that do not contradict one another (nofail needs direct, and no noretry)"},
	{MACHINE "task t { free 0; }", 2, 15, "0", "a slot: letters, then 0..15"},
	{MACHINE "task t { free s0 }", 2, 18, "}", ";"},
	{MACHINE "task t { give s0 u; }", 2, 18, "u", "the name of a context"},
	{MACHINE "task t { give s0; }", 2, 17, ";", "the name of a context"},
	{MACHINE "task t { raise t; }", 2, 16, "t", "a handler"},
	{MACHINE "softirq s { raise h; }\nhardirq h { }\n" TASK, 2, 19, "h",
	 "a handler of a lower level than this one"},
	{MACHINE "task t { drain 2; }", 2, 16, "2", "a CPU below 2"},
	{MACHINE "task t { drain x; }", 2, 16, "x", "a CPU, a number"},
	{MACHINE "task t { lock 8; unlock 8; }", 2, 15, "8", "a lock below 8"},
	{MACHINE "task t { lock 2; lock 1; unlock 1; unlock 2; }", 2, 18, "lock", "a greater lock than those held"},
	{MACHINE "task t { lock 1; lock 2; unlock 1; unlock 2; }", 2, 26, "unlock", "the lock taken last"},
	{MACHINE "task t { irq-on; }", 2, 10, "irq-on", "irq-off before, as what was taken last"},
	{MACHINE "nmi n { lock 1 irq; }\n" TASK, 2, 9, "lock", "no lock in nmi"},
	{MACHINE "hardirq h { wait; }\n" TASK, 2, 13, "wait", "an operation that does not sleep, in a handler"},
	{MACHINE "task t { irq-off; wait; irq-on; }", 2, 19, "wait",
	 "an operation that does not sleep, since something is held"},
	{MACHINE "task t { lock 1; s0 = alloc kernel 0; unlock 1; }", 2, 29, "kernel",
	 "a request that does not sleep while a lock is held or interrupts are off"},
	{MACHINE "hardirq h { s0 = alloc kernel 0; }\n" TASK, 2, 24, "kernel",
	 "a request that does not sleep in a handler"},
	{MACHINE "task t { lock 1; unlock 1; }\nhardirq h { lock 1 irq; unlock 1; }", 2, 16, ";",
	 "irq, since a handler takes locks"},
	{MACHINE "task t { reclaim 65; }", 2, 18, "65", "0..64"},
	{MACHINE "task t { watermark normal 43; }", 2, 27, "43", "0..42"},
	{MACHINE "task t { watermark dma 0; }", 2, 20, "dma", "a zone that has frames"},
	{MACHINE "task t { watermark 9; }", 2, 20, "9", "dma or normal"},
	{MACHINE "task t { free-wild 4294967296; }", 2, 20, "4294967296", "0..4294967295"},
	/* schedule */
	{MACHINE TASK "schedule", 3, 9, "", "a context: TASK*, TASK*COUNT, HANDLER or HANDLER@HOST:EVENT"},
	{MACHINE TASK "schedule u*", 3, 10, "u", "the name of a context"},
	{MACHINE TASK "schedule t", 3, 10, "t", "a handler to fire"},
	{MACHINE TASK "schedule t*0", 3, 12, "0", "a count of operations, 1..4294967295"},
	{MACHINE TASK "nmi n { }\nschedule n*2", 4, 10, "n", "a task to run"},
	{MACHINE TASK "nmi n { }\nschedule n@", 4, 12, "", "the context that is interrupted"},
	{MACHINE TASK "nmi n { }\nschedule n@t", 4, 13, "", ":"},
	{MACHINE TASK "nmi n { }\nschedule n@t:0", 4, 14, "0", "an event, 1..4294967295"},
	{MACHINE TASK "nmi n { }\nschedule n@n:1", 4, 12, "n", "a context of the handler's CPU and of a lower level"},
	{MACHINE TASK "nmi n cpu=1 { }\nschedule n@t:1", 4, 12, "t",
	 "a context of the handler's CPU and of a lower level"},
	{MACHINE TASK "schedule t* 4 =", 3, 15, "=", "a context: TASK*, TASK*COUNT, HANDLER or HANDLER@HOST:EVENT"},
	{MACHINE TASK "schedule bytes", 3, 15, "", "a byte, two hexadecimal digits"},
	{MACHINE TASK "schedule bytes 00 0", 3, 19, "0", "a byte, two hexadecimal digits"},
	{MACHINE TASK "schedule bytes 00 -1", 3, 19, "-1", "a byte, two hexadecimal digits"},
	{MACHINE TASK "schedule bytes 00 fg", 3, 19, "fg", "a byte, two hexadecimal digits"},
};

static void test_errors_say_where_what_and_what_was_expected(void **state)
{
	struct lab_scenario scenario;

	lab_scenario_init(&scenario);
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct wrong *wrong = &wrongs[i];
		struct lab_text_error error = {0};
		char got[256], expected[256];

		if (lab_scenario_parse(wrong->text, strlen(wrong->text), &scenario, &error) != LAB_INVALID)
			fail_msg("parsed:\n%s", wrong->text);
		snprintf(expected, sizeof(expected), "%u:%u: '%s', expected %s", wrong->line, wrong->column,
			 wrong->word, wrong->expected);
		snprintf(got, sizeof(got), "%u:%u: '%s', expected %s", error.line, error.column, error.word,
			 error.expected);
		if (strcmp(got, expected))
			fail_msg("got      %s\nwanted   %s\nin\n%s", got, expected, wrong->text);
		/* Empty, and whole. */
		assert_int_equal(scenario.context_count + scenario.op_count + scenario.directive_count, 0);
	}
	lab_scenario_free(&scenario);
}

static void test_long_words_are_cut(void **state)
{
	struct lab_text_error error = {0};
	struct lab_scenario scenario;
	char text[200];

	lab_scenario_init(&scenario);
	memset(text, 'w', sizeof(text));
	assert_int_equal(lab_scenario_parse(text, sizeof(text), &scenario, &error), LAB_INVALID);
	assert_int_equal(strlen(error.word), sizeof(error.word) - 1);
	lab_scenario_free(&scenario);
}

/* Too many holes, ranges and contexts: each bound is an error of its own, not a cut. */
static void test_bounds_of_the_machine(void **state)
{
	struct lab_text_error error = {0};
	struct lab_scenario scenario;
	static char text[64 * 1024];
	size_t at = 0;

	lab_scenario_init(&scenario);
	at += (size_t)snprintf(text + at, sizeof(text) - at, "machine frames=1000");
	for (unsigned i = 1; i < 17; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " hole=%u+1", 10 * i);
	at += (size_t)snprintf(text + at, sizeof(text) - at, "\n" TASK);
	assert_int_equal(lab_scenario_parse(text, at, &scenario, &error), LAB_INVALID);
	assert_string_equal(error.expected, "a machine of at most 16 spans between its holes");
	at = (size_t)snprintf(text, sizeof(text), "machine frames=1000");
	for (unsigned i = 0; i < 65; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " hole=%u+1", 10 * i);
	assert_int_equal(lab_scenario_parse(text, at, &scenario, &error), LAB_INVALID);
	assert_string_equal(error.expected, "at most 64 holes");
	at = (size_t)snprintf(text, sizeof(text), MACHINE);
	for (unsigned i = 0; i < 257; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "task t%u { }\n", i);
	assert_int_equal(lab_scenario_parse(text, at, &scenario, &error), LAB_INVALID);
	assert_int_equal(error.line, 258);
	assert_string_equal(error.expected, "at most 256 contexts");
	lab_scenario_free(&scenario);
}

/* Cut and flipped texts end in a scenario or in an error inside the text, never in anything else. */
static void test_damaged_texts_end_well(void **state)
{
	static const char good[] =
		MACHINE "zone normal frames=0+64 min=2 low=3 high=4 reserve=0\n"
			"task t cpu=0 { s0 = alloc kernel|zero 0; give s0 t; lock 1 irq; unlock 1; }\n"
			"hardirq h cpu=0 { raise s; }\nsoftirq s cpu=0 { free s1; }\n"
			"schedule t*1 h@t:2 s t*\nschedule bytes 01 02\n";
	char text[sizeof(good)];
	struct lab_scenario scenario;
	struct lab_prng prng;
	unsigned refused = 0;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 8, 0);
	for (unsigned run = 0; run < 4000; run++) {
		size_t bytes = run < sizeof(good) ? run : sizeof(good) - 1;
		struct lab_text_error error = {0};

		memcpy(text, good, sizeof(good));
		for (unsigned i = 0; run >= sizeof(good) && i < 1 + run % 3; i++)
			text[lab_prng_below(&prng, bytes)] = (char)lab_prng_below(&prng, i ? 128 : 256);
		if (lab_scenario_parse(text, bytes, &scenario, &error) == LAB_OK)
			continue;
		refused++;
		assert_in_range(error.line, 1, 10);
		assert_in_range(error.column, 1, 200);
		assert_true(error.expected[0]);
	}
	assert_true(refused > 1000);
	lab_scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_say_where_what_and_what_was_expected),
		cmocka_unit_test(test_long_words_are_cut),
		cmocka_unit_test(test_bounds_of_the_machine),
		cmocka_unit_test(test_damaged_texts_end_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
