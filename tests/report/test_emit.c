/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/emit.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The records that every form below is asked to tell. */
static void tell(struct lab_emit *emit)
{
	lab_emit_begin(emit, "run");
	lab_emit_text(emit, "target", "a \"b\"\n\\c");
	lab_emit_u64(emit, "big", UINT64_MAX);
	lab_emit_bool(emit, "clean", true);
	lab_emit_group(emit, "latency");
	lab_emit_group(emit, "task");
	lab_emit_real(emit, "p50", 1.25, 2);
	lab_emit_group_end(emit);
	lab_emit_group_end(emit);
	lab_emit_end(emit);
	for (unsigned i = 0; i < 3; i++) {
		lab_emit_begin(emit, "step");
		lab_emit_u64(emit, "i", i);
		lab_emit_end(emit);
	}
}

static char *told_as(enum lab_format format)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	struct lab_emit *emit = lab_emit_open(out, format);

	tell(emit);
	lab_emit_close(emit);
	fclose(out);
	return text;
}

static void test_text(void **state)
{
	char *text = told_as(LAB_FORMAT_TEXT);

	assert_string_equal(text, "run\n"
				  "  target   a \"b\"\n\\c\n"
				  "  big      18446744073709551615\n"
				  "  clean    true\n"
				  "  latency\n"
				  "    task  p50=1.25\n"
				  "step\n  i  0\n"
				  "step\n  i  1\n"
				  "step\n  i  2\n");
	free(text);
}

static void test_jsonl_is_one_object_a_line(void **state)
{
	char *text = told_as(LAB_FORMAT_JSONL), *rest = text, *line;
	const char *kinds[] = {"run", "step", "step", "step"};
	unsigned count = 0;

	while ((line = strsep(&rest, "\n")) && *line) {
		struct json_object *record = json_tokener_parse(line), *member;

		assert_non_null(record);
		assert_true(json_object_object_get_ex(record, "schema", &member));
		assert_int_equal(json_object_get_int(member), 1);
		assert_true(json_object_object_get_ex(record, "kind", &member));
		assert_in_range(count, 0, 3);
		assert_string_equal(json_object_get_string(member), kinds[count++]);
		json_object_put(record);
	}
	assert_int_equal(count, 4);
	free(text);
}

static void test_document(void **state)
{
	struct lab_emit *emit = lab_emit_open_document();
	struct json_object *document, *run, *steps, *member;
	const char *text;
	size_t bytes;

	tell(emit);
	text = lab_emit_document(emit, &bytes);
	assert_int_equal(text[bytes], '\0');
	assert_int_equal(text[bytes - 1], '\n');
	document = json_tokener_parse(text);
	assert_non_null(document);
	assert_true(json_object_object_get_ex(document, "run", &run));
	assert_true(json_object_object_get_ex(run, "target", &member));
	assert_string_equal(json_object_get_string(member), "a \"b\"\n\\c");
	assert_true(json_object_object_get_ex(run, "big", &member));
	assert_true(json_object_get_uint64(member) == UINT64_MAX);
	assert_true(json_object_object_get_ex(document, "step", &steps));
	assert_int_equal(json_object_array_length(steps), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(json_object_object_get_ex(json_object_array_get_idx(steps, i), "i", &member));
		assert_int_equal(json_object_get_int(member), i);
	}
	json_object_put(document);
	lab_emit_close(emit);
}

/* A rate over no time at all must not make the file unreadable: JSON has no word for it. */
static void test_not_a_number_stays_json(void **state)
{
	struct lab_emit *emit = lab_emit_open_document();
	struct json_object *document;
	size_t bytes;

	lab_emit_begin(emit, "rate");
	lab_emit_real(emit, "a", NAN, 3);
	lab_emit_real(emit, "b", INFINITY, 0);
	lab_emit_end(emit);
	document = json_tokener_parse(lab_emit_document(emit, &bytes));
	assert_non_null(document);
	json_object_put(document);
	lab_emit_close(emit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_jsonl_is_one_object_a_line),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_not_a_number_stays_json),
	};

	return cmocka_run_group_tests_name("emit", tests, NULL, NULL);
}
