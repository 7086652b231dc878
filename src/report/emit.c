/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "report/emit.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"

#define SCHEMA    1
#define DEPTH_MAX 8u

/* Every form starts as a tree of json-c's; only the way out differs. */
struct lab_emit {
	FILE *out; /* NULL: a document */
	enum lab_format format;
	struct json_object *document, *open[DEPTH_MAX]; /* the record under way and its groups, outermost first */
	char *text;                                     /* of lab_emit_document */
	char kind[48];
	unsigned depth;
};

static struct lab_emit *open_emit(void)
{
	struct lab_emit *emit = calloc(1, sizeof(*emit));

	lab_assert(emit);
	return emit;
}

struct lab_emit *lab_emit_open(FILE *out, enum lab_format format)
{
	struct lab_emit *emit = open_emit();

	emit->out = out;
	emit->format = format;
	return emit;
}

struct lab_emit *lab_emit_open_document(void)
{
	struct lab_emit *emit = open_emit();

	emit->document = json_object_new_object();
	lab_assert(emit->document);
	json_object_object_add(emit->document, "schema", json_object_new_int(SCHEMA));
	return emit;
}

void lab_emit_close(struct lab_emit *emit)
{
	lab_assert_cmp(emit->depth, ==, 0);
	json_object_put(emit->document);
	free(emit->text);
	free(emit);
}

static void add(struct lab_emit *emit, const char *name, struct json_object *value)
{
	int failed;

	lab_assert_cmp(emit->depth, >, 0);
	lab_assert(value);
	failed = json_object_object_add(emit->open[emit->depth - 1], name, value);
	lab_assert(!failed);
}

static struct json_object *push(struct lab_emit *emit)
{
	struct json_object *object = json_object_new_object();

	lab_assert_cmp(emit->depth, <, DEPTH_MAX);
	lab_assert(object);
	emit->open[emit->depth++] = object;
	return object;
}

void lab_emit_begin(struct lab_emit *emit, const char *kind)
{
	lab_assert_cmp(emit->depth, ==, 0);
	lab_assert_cmp(strlen(kind), <, sizeof(emit->kind));
	strcpy(emit->kind, kind);
	push(emit);
	if (emit->out && emit->format == LAB_FORMAT_JSONL) {
		add(emit, "schema", json_object_new_int(SCHEMA));
		add(emit, "kind", json_object_new_string(kind));
	}
}

void lab_emit_group(struct lab_emit *emit, const char *name)
{
	struct json_object *group = json_object_new_object();

	add(emit, name, group);
	lab_assert_cmp(emit->depth, <, DEPTH_MAX);
	emit->open[emit->depth++] = group;
}

void lab_emit_group_end(struct lab_emit *emit)
{
	lab_assert_cmp(emit->depth, >, 1);
	emit->depth--;
}

void lab_emit_text(struct lab_emit *emit, const char *name, const char *value)
{
	add(emit, name, json_object_new_string(value));
}

void lab_emit_u64(struct lab_emit *emit, const char *name, uint64_t value)
{
	add(emit, name, json_object_new_uint64(value));
}

void lab_emit_real(struct lab_emit *emit, const char *name, double value, unsigned decimals)
{
	char text[64];

	/* JSON has no word for what is not a number: a ratio of nothing to nothing is told as 0. */
	snprintf(text, sizeof(text), "%.*f", (int)decimals, isfinite(value) ? value : 0.0);
	add(emit, name, json_object_new_double_s(isfinite(value) ? value : 0.0, text));
}

void lab_emit_bool(struct lab_emit *emit, const char *name, bool value)
{
	add(emit, name, json_object_new_boolean(value));
}

void lab_emit_list(struct lab_emit *emit, const char *name, const char *const *values, size_t count)
{
	struct json_object *list = json_object_new_array();

	lab_assert(list);
	for (size_t i = 0; i < count; i++) {
		int failed = json_object_array_add(list, json_object_new_string(values[i]));

		lab_assert(!failed);
	}
	add(emit, name, list);
}

static const char *scalar_text(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value)
							    : json_object_to_json_string(value);
}

static bool is_flat(struct json_object *group)
{
	json_object_object_foreach(group, name, value)
	{
		(void)name;
		if (json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array))
			return false;
	}
	return true;
}

static void print_list(FILE *out, const char *name, struct json_object *list, unsigned indent)
{
	fprintf(out, "%*s%s\n", (int)indent, "", name);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		fprintf(out, "%*s%s\n", (int)indent + 2, "", scalar_text(json_object_array_get_idx(list, i)));
}

/* One line a member; a group of plain values stands on one line as well, so that groups of one shape make a table. */
static void print_members(FILE *out, struct json_object *object, unsigned indent)
{
	int width = 0;

	{
		json_object_object_foreach(object, name, value)
		{
			(void)value;
			width = LAB_MAX(width, (int)strlen(name));
		}
	}
	json_object_object_foreach(object, name, value)
	{
		if (json_object_is_type(value, json_type_array)) {
			print_list(out, name, value, indent);
		} else if (!json_object_is_type(value, json_type_object)) {
			fprintf(out, "%*s%-*s  %s\n", (int)indent, "", width, name, scalar_text(value));
		} else if (is_flat(value)) {
			fprintf(out, "%*s%-*s ", (int)indent, "", width, name);
			json_object_object_foreach(value, inner_name, inner)
			{
				fprintf(out, " %s=%s", inner_name, scalar_text(inner));
			}
			fputc('\n', out);
		} else {
			fprintf(out, "%*s%s\n", (int)indent, "", name);
			print_members(out, value, indent + 2);
		}
	}
}

static void file_record(struct lab_emit *emit, struct json_object *record)
{
	struct json_object *before, *list;

	if (!json_object_object_get_ex(emit->document, emit->kind, &before)) {
		json_object_object_add(emit->document, emit->kind, record);
		return;
	}
	if (json_object_is_type(before, json_type_array)) {
		json_object_array_add(before, record);
		return;
	}
	list = json_object_new_array();
	lab_assert(list);
	json_object_array_add(list, json_object_get(before));
	json_object_array_add(list, record);
	json_object_object_add(emit->document, emit->kind, list);
}

void lab_emit_end(struct lab_emit *emit)
{
	struct json_object *record;

	lab_assert_cmp(emit->depth, ==, 1);
	record = emit->open[--emit->depth];
	if (!emit->out) {
		file_record(emit, record);
		return;
	}
	if (emit->format == LAB_FORMAT_JSONL) {
		fprintf(emit->out, "%s\n", json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
	} else {
		fprintf(emit->out, "%s\n", emit->kind);
		print_members(emit->out, record, 2);
	}
	fflush(emit->out); /* whoever reads along, or kills us, has whole records */
	json_object_put(record);
}

const char *lab_emit_document(struct lab_emit *emit, size_t *ret_bytes)
{
	const char *json =
		json_object_to_json_string_ext(emit->document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
	int length;

	free(emit->text);
	length = asprintf(&emit->text, "%s\n", json);
	lab_assert_cmp(length + 1, >, 0);
	*ret_bytes = (size_t)length;
	return emit->text;
}
