/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "story/tell.h"
#include "story/weigh.h"

/* The rows as "context kind-less text" lines. */
static void expect_rows(struct rig *rig, const char *const *expected)
{
	size_t i;

	rig_make(rig);
	for (i = 0; i < rig->rows.count && expected[i]; i++) {
		const struct lab_row *row = &rig->rows.list[i];
		char line[256];

		snprintf(line, sizeof(line), "%s%s: %s%s%s", row->marked ? "* " : "",
			 row->context == LAB_NOBODY ? "all" : rig->scenario.contexts[row->context].name, row->text,
			 row->other == LAB_NOBODY ? "" : " | stops ",
			 row->other == LAB_NOBODY ? "" : rig->scenario.contexts[row->other].name);
		assert_string_equal(line, expected[i]);
	}
	assert_int_equal(i, rig->rows.count);
	assert_null(expected[i]);
}

static void test_what_is_shared_and_changed_matters(void **state)
{
	bool matters[16];
	struct rig rig;

	rig_open(&rig, 16);
	rig_reads(&rig, TASK, 0x100, 5);      /* 0: b changes it later */
	rig_reads(&rig, TASK, 0x200, 7);      /* 1: nobody ever does */
	rig_writes(&rig, TASK, 0x300, 0, 1);  /* 2: a's own */
	rig_reads(&rig, OTHER, 0x200, 7);     /* 3 */
	rig_reads(&rig, TASK, 0x100, 5);      /* 4: it knows that */
	rig_writes(&rig, OTHER, 0x100, 5, 6); /* 5 */
	rig_reads(&rig, OTHER, 0x100, 6);     /* 6: it wrote that */
	rig_reads(&rig, TASK, 0x100, 6);      /* 7: news */
	rig_writes(&rig, TASK, 0x104, 6,
		   6); /* 8: overlaps two words, one of them shared; no change, but it might have */
	assert_int_equal(lab_story_weigh(rig.story, matters), LAB_OK);
	for (size_t i = 0; i < 9; i++)
		if (matters[i] != (i == 0 || i == 5 || i == 7 || i == 8))
			fail_msg("step %zu", i);
	rig_close(&rig);
}

/* The target has a name for it, so it means something; what it calls a hint does not. */
static void test_changes_of_named_words_matter(void **state)
{
	struct lab_sim_step step = rig_access(TASK, LAB_SIM_WRITE, 0x300, 0, 1);
	bool matters[4];
	struct rig rig;

	rig_open(&rig, 4);
	step.kind = LAB_WORD_NUMBER;
	rig_told(&rig, step);
	step.kind = LAB_WORD_HINT;
	rig_told(&rig, step);
	rig_reads(&rig, OTHER, 0x700, 1);
	assert_int_equal(lab_story_weigh(rig.story, matters), LAB_OK);
	assert_true(matters[0]);
	assert_false(matters[1]);
	assert_false(matters[2]);
	rig_close(&rig);
}

/* R10 names a block that the request did not get. */
static void test_what_a_failure_did_not_get(void **state)
{
	static const char *const expected[] = {"a: s0 = alloc kernel 0", "* a: ✗ R10 spurious-failure", NULL};
	struct rig rig;

	rig_open(&rig, 8);
	rig_begins(&rig, TASK, 0);
	rig.finding = (struct lab_finding){.rule = LAB_R10_SPURIOUS_FAILURE, .actor = TASK, .frame = 0};
	rig.of.finding = &rig.finding;
	expect_rows(&rig, expected);
	rig_close(&rig);
}

static void test_of_one_alone_its_changes_matter(void **state)
{
	bool matters[4];
	struct rig rig;

	rig_open(&rig, 4);
	rig_reads(&rig, TASK, 0x100, 5);
	rig_writes(&rig, TASK, 0x100, 5, 6);
	rig_writes(&rig, TASK, 0x100, 6, 6);
	assert_int_equal(lab_story_weigh(rig.story, matters), LAB_OK);
	assert_false(matters[0]);
	assert_true(matters[1]);
	assert_false(matters[2]);
	rig_close(&rig);
}

static void test_an_interrupt_in_the_middle(void **state)
{
	static const char *const expected[] = {
		"a: s0 = alloc kernel 0",
		"a: reads heap+0x100: 9",
		"rx: comes in over task a | stops a",
		"rx: s0 = alloc atomic 0",
		"rx: reads heap+0x100: 9",
		"rx: writes heap+0x100: 9 → 8",
		"* rx: → frame 8",
		"rx: returns",
		"a: … 5 steps of its own",
		"a: writes heap+0x100: 8 stays",
		"* a: → frame 8",
		"* a: ✗ R01 double-ownership",
		NULL,
	};
	struct rig rig;

	rig_lost_update(&rig);
	expect_rows(&rig, expected);
	assert_int_equal(rig.rows.left_out, 6);
	rig.of.all = true;
	rig_make(&rig);
	assert_int_equal(rig.rows.left_out, 0);
	rig_close(&rig);
}

/* Switches with nothing between them are one, and what was never away does not come back. */
static void test_switches(void **state)
{
	static const char *const expected[] = {
		"a: s0 = alloc kernel 0",
		"a: writes heap+0x100: 0 → 1",
		"b: its turn | stops a",
		"b: s0 = alloc kernel 1",
		"b: writes heap+0x100: 1 → 2",
		"a: goes on | stops b",
		"a: → frame 0",
		"a: free s0 → frame 0 given back",
		"b: goes on",
		"b: → no-memory",
		NULL,
	};
	struct rig rig;

	rig_open(&rig, 64);
	rig_begins(&rig, TASK, 0);
	rig_writes(&rig, TASK, 0x100, 0, 1);
	rig_begins(&rig, OTHER, 0);
	rig_writes(&rig, OTHER, 0x100, 1, 2);
	rig_reads(&rig, TASK, 0x500, 0);
	rig_reads(&rig, OTHER, 0x600, 0);
	rig_finishes(&rig, TASK, LAB_OK, 0);
	rig_begins(&rig, TASK, 1);
	rig_finishes(&rig, TASK, LAB_OK, UINT64_MAX);
	rig_finishes(&rig, OTHER, LAB_NO_MEMORY, UINT64_MAX);
	rig_ends(&rig, TASK);
	expect_rows(&rig, expected);
	rig_close(&rig);
}

static void test_blocks_outside_an_arena_are_numbered(void **state)
{
	static const char *const expected[] = {
		"a: s0 = alloc kernel 0 → block #1",
		"b: s0 = alloc kernel 1 → block #2",
		"a: free s0 → block #1 given back",
		NULL,
	};
	struct rig rig;

	rig_open(&rig, 64);
	rig.of.arena = false;
	rig_begins(&rig, TASK, 0);
	rig_finishes(&rig, TASK, LAB_OK, 0x7f001234);
	rig_begins(&rig, OTHER, 0);
	rig_finishes(&rig, OTHER, LAB_OK, 0x7f001200);
	rig_ends(&rig, OTHER);
	rig_begins(&rig, TASK, 1);
	rig_finishes(&rig, TASK, LAB_OK, UINT64_MAX);
	expect_rows(&rig, expected);
	rig_close(&rig);
}

/* Whoever crashes does not come to its step's end. */
static void test_a_crash_is_the_last_steps(void **state)
{
	static const char *const expected[] = {
		"a: s0 = alloc kernel 0",
		"a: writes heap+0x100: 0 → 1",
		"* a: ✗ R00 crash",
		NULL,
	};
	struct lab_sim_step last = rig_access(TASK, LAB_SIM_READ, 0x200, 0, 0);
	struct rig rig;

	rig_open(&rig, 64);
	rig_begins(&rig, TASK, 0);
	rig_writes(&rig, TASK, 0x100, 0, 1);
	lab_story_note(rig.story, &last);
	rig.finding = (struct lab_finding){.rule = LAB_R00_CRASH, .actor = LAB_FINDING_NO_ACTOR, .frame = UINT64_MAX};
	rig.of.finding = &rig.finding;
	expect_rows(&rig, expected);
	rig_close(&rig);
}

static void test_a_long_story_keeps_its_end(void **state)
{
	struct rig rig;

	rig_open(&rig, 8);
	for (uint64_t i = 1; i <= 20; i++)
		rig_writes(&rig, TASK, 0x100, i - 1, i);
	rig_make(&rig);
	assert_int_equal(lab_story_kept(rig.story), 8);
	assert_int_equal(rig.rows.lost, 12);
	assert_int_equal(rig.rows.count, 8);
	assert_int_equal(rig.rows.list[0].step, 13);
	assert_string_equal(rig.rows.list[7].text, "writes heap+0x100: 19 → 20");
	rig_close(&rig);
}

static void test_values(void **state)
{
	static const struct {
		enum lab_word kind;
		uint64_t value;
		const char *text;
	} cases[] = {
		{LAB_WORD_NUMBER, 33, "33"},
		{LAB_WORD_NUMBER, 1u << 20, "1048576"},
		{LAB_WORD_NUMBER, UINT64_MAX, "-1"},
		{LAB_WORD_BITS, 33, "0x21"},
		{LAB_WORD_BITS, 0, "0"},
		{LAB_WORD_BITS, UINT64_MAX, "~0"},
		{LAB_WORD_BITS, UINT64_MAX - 4, "~0x4"},
		{LAB_WORD_NONE, 256, "256"},
		{LAB_WORD_NONE, 0x7f0012345678, "0x7f0012345678"},
		{LAB_WORD_OWNER, 0, "nobody"},
		{LAB_WORD_OWNER, (UINT64_C(3) << 48) + 2, "rx #2"},
		{LAB_WORD_OWNER, UINT64_C(0xffff000000000001), "0xffff000000000001"},
	};
	struct rig rig;
	char text[48];

	rig_open(&rig, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_tell_value(&rig.scenario, cases[i].kind, cases[i].value, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
	rig_close(&rig);
}

static void test_masks_tell_their_bit(void **state)
{
	struct lab_sim_step step = rig_access(TASK, LAB_SIM_UPDATE, 0x100, 0xf0, 0xd0);
	struct rig rig;
	char text[128];

	rig_open(&rig, 1);
	step.kind = LAB_WORD_BITS;
	step.ended = true;
	snprintf(step.word, sizeof(step.word), "chunk 0 word 1");
	lab_tell_access(&rig.scenario, &step, NULL, text, sizeof(text));
	assert_string_equal(text, "updates chunk 0 word 1: 0xf0 → 0xd0 (bit 5 cleared)");
	step.has_values = false;
	lab_tell_access(&rig.scenario, &step, NULL, text, sizeof(text));
	assert_string_equal(text, "updates chunk 0 word 1: 8 bytes");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_shared_and_changed_matters),
		cmocka_unit_test(test_changes_of_named_words_matter),
		cmocka_unit_test(test_what_a_failure_did_not_get),
		cmocka_unit_test(test_of_one_alone_its_changes_matter),
		cmocka_unit_test(test_an_interrupt_in_the_middle),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_blocks_outside_an_arena_are_numbered),
		cmocka_unit_test(test_a_crash_is_the_last_steps),
		cmocka_unit_test(test_a_long_story_keeps_its_end),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_masks_tell_their_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
