/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story/html.h"

/* As printed; the caller frees it. */
static char *print(struct rig *rig, const struct lab_html *page)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	rig_make(rig);
	lab_html_print(out, &rig->of, &rig->rows, page);
	fclose(out);
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned seen = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		seen++;
	return seen;
}

static void test_all_that_matters_is_there(void **state)
{
	const struct lab_html page = {"core", "a.lab", "labyrinth replay a.lab"};
	struct rig rig;
	char *text;

	rig_lost_update(&rig);
	rig.of.all = true;
	text = print(&rig, &page);
	assert_non_null(strstr(text, "<title>R01 in core</title>"));
	assert_non_null(strstr(text, "<h1>R01 double-ownership</h1>"));
	assert_non_null(strstr(text, "<pre>labyrinth replay a.lab</pre>"));
	assert_non_null(strstr(text, "<th>task a <span class=\"soft\">cpu 0</span></th>"));
	assert_non_null(strstr(text, "<th>hardirq rx <span class=\"soft\">cpu 0</span></th>"));
	assert_null(strstr(text, "task b"));
	assert_non_null(strstr(text, "⋯ interrupted"));
	assert_non_null(strstr(text, "<i>writes heap+0x100:</i> 9 → 8"));
	assert_int_equal(count(text, "<tr id="), rig.rows.count);
	assert_int_equal(count(text, " extra\""), 6);
	assert_non_null(strstr(text, "show also 6 steps"));
	assert_non_null(strstr(text, "class=\"broken marked\""));
	/* a link to each of the two rows that it is about */
	assert_int_equal(count(text, "<li><a href=\"#r"), 2);
	assert_int_equal(count(text, "http"), 0);
	free(text);
	rig_close(&rig);
}

static void test_names_are_no_markup(void **state)
{
	const struct lab_html page = {"<script>1</script>", "\"a' onclick=\"", "replay '<&>'"};
	struct rig rig;
	char *text;

	rig_lost_update(&rig);
	snprintf(rig.scenario.contexts[TASK].name, sizeof(rig.scenario.contexts[TASK].name), "<script>\"x");
	snprintf(rig.finding.detail, sizeof(rig.finding.detail), "</p><script>alert(1)</script>");
	for (size_t i = 0; i < rig.story->count; i++)
		snprintf(rig.story->steps[i].word, sizeof(rig.story->steps[i].word), "<b onload='x'>\x01\n");
	text = print(&rig, &page);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "</script"));
	assert_null(strstr(text, "<b onload"));
	assert_null(strstr(text, "\" onclick"));
	assert_null(strchr(text, '\x01'));
	assert_non_null(strstr(text, "&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(text, "&lt;b onload=&#39;x&#39;&gt;"));
	assert_non_null(strstr(text, "data-who=\"task &lt;script&gt;&quot;x\""));
	free(text);
	rig_close(&rig);
}

static void test_a_clean_run(void **state)
{
	const struct lab_html page = {"core", "a.lab", "labyrinth replay a.lab"};
	struct rig rig;
	char *text;

	rig_open(&rig, 8);
	rig_begins(&rig, TASK, 0);
	rig_finishes(&rig, TASK, LAB_OK, 3);
	text = print(&rig, &page);
	assert_non_null(strstr(text, "<h1 class=\"clean\">No rule was broken</h1>"));
	assert_non_null(strstr(text, "s0 = alloc kernel 0 → frame 3"));
	assert_null(strstr(text, "<input"));
	free(text);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_matters_is_there),
		cmocka_unit_test(test_names_are_no_markup),
		cmocka_unit_test(test_a_clean_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
