/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story/columns.h"
#include "story/text.h"

static void test_lines_break_where_they_may(void **state)
{
	assert_int_equal(lab_text_columns("1 → 2"), 5);
	assert_int_equal(lab_text_line("short", 10), 5);
	assert_int_equal(lab_text_line("one two three", 10), 8);
	assert_int_equal(lab_text_line("atomic|exclusive", 10), 7);
	assert_int_equal(lab_text_line("a bbbbbbbbbbbbbbbb", 10), 10); /* a line that is almost empty helps nobody */
	assert_int_equal(lab_text_line("→→→→", 2), 6);
}

/* As printed; the caller frees it. */
static char *print(struct rig *rig, struct lab_columns columns)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	rig_make(rig);
	lab_columns_print(out, &rig->of, &rig->rows, &columns);
	fclose(out);
	return text;
}

static void expect_within(const char *text, size_t columns)
{
	char line[512];

	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		/* what stands outside the table is for the terminal to break */
		if (line[0] == ' ' && lab_text_columns(line) > columns)
			fail_msg("wider than %zu: %s", columns, line);
		assert_true(!line[0] || line[strlen(line) - 1] != ' ');
	}
}

static void test_columns(void **state)
{
	struct rig rig;
	char *text;

	rig_lost_update(&rig);
	text = print(&rig, (struct lab_columns){.width = 100});
	expect_within(text, 100);
	assert_non_null(strstr(text, "machine: 64 frames of 64 bytes, 2 CPUs"));
	assert_non_null(strstr(text, "        task a, cpu 0           hardirq rx, cpu 0\n"));
	assert_null(strstr(text, "task b")); /* who did nothing has no column */
	assert_non_null(strstr(text, "     3  ⋯ interrupted           comes in over task a\n"));
	assert_non_null(strstr(text, "     5  │                       writes heap+0x100: 9 →\n"));
	assert_non_null(strstr(text, "▶    6  │                       → frame 8\n"));
	assert_non_null(strstr(text, "▶       ✗ R01 double-ownership\n"));
	assert_non_null(strstr(text, "▶ step 6: hardirq rx: s0 = alloc atomic 0 → frame 8\n"));
	assert_non_null(strstr(text, "▶ in the end: task a: s0 = alloc kernel 0 → frame 8\n"));
	assert_null(strchr(text, '\033'));
	free(text);
	rig_close(&rig);
}

static void test_a_narrow_list(void **state)
{
	struct rig rig;
	char *text;

	rig_lost_update(&rig);
	text = print(&rig, (struct lab_columns){.width = 70});
	expect_within(text, 70);
	assert_null(strstr(text, "│"));
	assert_non_null(strstr(text, "     5  hardirq rx        writes heap+0x100: 9 → 8\n"));
	free(text);
	rig_close(&rig);
}

static void test_only_the_end_and_colour(void **state)
{
	struct rig rig;
	char *text;

	rig_lost_update(&rig);
	text = print(&rig, (struct lab_columns){.width = 100, .rows_most = 3, .whole = "ask for more", .colour = true});
	assert_non_null(strstr(text, "… 9 rows before these: ask for more\n"));
	assert_null(strstr(text, "comes in"));
	assert_non_null(strstr(text, "\033[1;31m✗ R01 double-ownership\033[0m"));
	free(text);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_break_where_they_may),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_a_narrow_list),
		cmocka_unit_test(test_only_the_end_and_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
