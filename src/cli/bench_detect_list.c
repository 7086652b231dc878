/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench_detect.h"
#include "cli/cli.h"
#include "target/registry.h"

#define LIST "catalogue.json"

/* The built-in targets that have nothing to be found in them. */
static const char *const clean_names[] = {"core", "locked"};

static const char *text_of(struct json_object *entry, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(entry, name, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static int add_clean(struct lab_detect *detect)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(clean_names); i++) {
		struct lab_detect_bug *bug = &detect->bugs[detect->bug_count++];

		*bug = (struct lab_detect_bug){.id = clean_names[i],
					       .class = "clean",
					       .story = "Has no bug that is known.",
					       .clean = true,
					       .rule = "none"};
		snprintf(bug->module, sizeof(bug->module), "%s", bug->id);
		snprintf(bug->hooked, sizeof(bug->hooked), "%s", bug->id);
	}
	return 0;
}

static int missing(const char *path)
{
	lab_cli_error("bench: --bugs: '%s': expected what the build makes in tests/canary", path);
	return LAB_EXIT_USAGE;
}

/* "R04 or R09" as bits; 0: it is something else. */
static uint32_t rules_of(const char *text)
{
	enum lab_rule rule;
	char id[4] = "";
	uint32_t rules = 0;

	for (;; text += strlen("R04 or ")) {
		memcpy(id, text, strnlen(text, sizeof(id) - 1));
		rule = lab_rule_by_id(id);
		if (rule == LAB_RULE_COUNT)
			return 0;
		rules |= 1u << rule;
		if (!text[strlen(id)])
			return rules;
		if (strncmp(text + strlen(id), " or ", 4) != 0)
			return 0;
	}
}

static int add_bug(struct lab_detect *detect, struct json_object *entry, size_t place)
{
	struct lab_detect_bug *bug = &detect->bugs[detect->bug_count];
	const char *rule = text_of(entry, "rule");

	*bug = (struct lab_detect_bug){.id = text_of(entry, "id"),
				       .class = text_of(entry, "class"),
				       .story = text_of(entry, "story"),
				       .clean = !rule,
				       .rule = rule ? rule : "none",
				       .rules = rule ? rules_of(rule) : 0};
	if (!bug->id || !bug->class || !bug->story || (rule && !bug->rules)) {
		lab_cli_error("bench: --bugs: %s/" LIST ": entry %zu: expected id, class, story and a rule",
			      detect->folder, place);
		return LAB_EXIT_USAGE;
	}
	if (fnmatch(detect->pattern, bug->id, 0))
		return 0;
	snprintf(bug->module, sizeof(bug->module), "%s/%s.so", detect->folder, bug->id);
	snprintf(bug->hooked, sizeof(bug->hooked), "%s/hooked/%s.so", detect->folder, bug->id);
	if (access(bug->module, R_OK))
		return missing(bug->module);
	if (access(bug->hooked, R_OK))
		return missing(bug->hooked);
	detect->bug_count++;
	return 0;
}

int lab_detect_open(struct lab_detect *detect)
{
	char path[LAB_DETECT_PATH];
	size_t count;
	int code;

	snprintf(path, sizeof(path), "%s/" LIST, detect->folder);
	if (access(path, R_OK))
		return missing(path);
	detect->list = json_object_from_file(path);
	if (!detect->list || !json_object_is_type(detect->list, json_type_array)) {
		lab_cli_error("bench: --bugs: %s: expected a JSON array", path);
		return LAB_EXIT_USAGE;
	}
	count = json_object_array_length(detect->list);
	detect->bugs = calloc(LAB_ARRAY_COUNT(clean_names) + count, sizeof(detect->bugs[0]));
	lab_assert(detect->bugs);
	code = add_clean(detect);
	for (size_t i = 0; i < count && !code; i++)
		code = add_bug(detect, json_object_array_get_idx(detect->list, i), i);
	if (!code && detect->bug_count == LAB_ARRAY_COUNT(clean_names)) {
		lab_cli_error("bench: --bugs: '%s': expected the id of a bug of %s, or a pattern of some",
			      detect->pattern, path);
		code = LAB_EXIT_USAGE;
	}
	detect->cells = calloc(detect->bug_count * detect->way_count, sizeof(detect->cells[0]));
	lab_assert(detect->cells);
	return code;
}

void lab_detect_close(struct lab_detect *detect)
{
	json_object_put(detect->list);
	free(detect->bugs);
	free(detect->cells);
}
