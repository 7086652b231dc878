/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/file.h"

#define DOCUMENT_BYTES_MAX ((size_t)64 << 20)

struct json_object *lab_document_new(const char *kind)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "schema", json_object_new_int(LAB_CAMPAIGN_SCHEMA));
	json_object_object_add(document, "kind", json_object_new_string(kind));
	return document;
}

void lab_document_u64(struct json_object *document, const char *name, uint64_t value)
{
	json_object_object_add(document, name, json_object_new_uint64(value));
}

void lab_document_text(struct json_object *document, const char *name, const char *value)
{
	json_object_object_add(document, name, json_object_new_string(value));
}

void lab_document_bool(struct json_object *document, const char *name, bool value)
{
	json_object_object_add(document, name, json_object_new_boolean(value));
}

static struct json_object *member(struct json_object *document, const char *name)
{
	struct json_object *value = NULL;

	if (document && json_object_is_type(document, json_type_object))
		json_object_object_get_ex(document, name, &value);
	return value;
}

uint64_t lab_document_get_u64(struct json_object *document, const char *name)
{
	struct json_object *value = member(document, name);

	return value ? json_object_get_uint64(value) : 0;
}

const char *lab_document_get_text(struct json_object *document, const char *name)
{
	struct json_object *value = member(document, name);

	return value && json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

bool lab_document_get_bool(struct json_object *document, const char *name)
{
	struct json_object *value = member(document, name);

	return value && json_object_get_boolean(value);
}

enum lab_status lab_document_write(const char *path, struct json_object *document)
{
	const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
									    JSON_C_TO_STRING_NOSLASHESCAPE);
	enum lab_status status = lab_file_write(path, text, strlen(text));

	json_object_put(document);
	return status;
}

struct json_object *lab_document_read(const char *path, const char *kind, const char **ret_why)
{
	struct json_object *document;
	const char *why = NULL;
	uint8_t *bytes;
	size_t count;
	char *text;

	if (lab_file_read(path, DOCUMENT_BYTES_MAX, &bytes, &count) != LAB_OK) {
		if (ret_why)
			*ret_why = strerror(errno);
		return NULL;
	}
	text = strndup((const char *)bytes, count);
	free(bytes);
	document = text ? json_tokener_parse(text) : NULL;
	free(text);
	if (!document)
		why = "no JSON document";
	else if (strcmp(lab_document_get_text(document, "kind"), kind) != 0)
		why = "a document of another kind";
	else if (lab_document_get_u64(document, "schema") != LAB_CAMPAIGN_SCHEMA)
		why = "a document of another schema";
	if (!why)
		return document;
	json_object_put(document);
	if (ret_why)
		*ret_why = why;
	return NULL;
}
