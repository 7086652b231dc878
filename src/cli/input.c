/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "report/file.h"
#include "scenario/decode.h"
#include "scenario/text.h"
#include "target/registry.h"

#define INPUT_BYTES_MAX (64u << 20)

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int parse_text(const char *command, const char *path, const uint8_t *bytes, size_t count,
		      struct lab_artifact *artifact)
{
	struct lab_text_error error;

	if (lab_scenario_parse((const char *)bytes, count, &artifact->scenario, &error) == LAB_OK)
		return 0;
	lab_cli_error("%s: %s:%u:%u: '%s': expected %s", command, path, error.line, error.column, error.word,
		      error.expected);
	return LAB_EXIT_USAGE;
}

static int read_artifact(const char *command, const char *path, const uint8_t *bytes, size_t count,
			 struct lab_artifact *artifact)
{
	struct lab_artifact_error error;
	enum lab_status status = lab_artifact_read(bytes, count, artifact, &error);

	if (status == LAB_OK)
		return 0;
	lab_cli_error("%s: %s: %s", command, path, status == LAB_INVALID ? error.message : lab_status_name(status));
	return LAB_EXIT_USAGE;
}

int lab_input_load(const char *command, const char *path, struct lab_artifact *artifact, enum lab_input_kind *ret_kind)
{
	uint8_t *bytes;
	size_t count;
	int error = 0;
	enum lab_status status = lab_file_read(path, INPUT_BYTES_MAX, &bytes, &count);

	if (status != LAB_OK) {
		lab_cli_error("%s: %s: %s", command, path,
			      status == LAB_SYSTEM ? strerror(errno) : "larger than 64 MiB: no test case");
		return LAB_EXIT_USAGE;
	}
	artifact->rule = LAB_RULE_COUNT;
	artifact->event_hash = 0;
	artifact->target[0] = artifact->engine[0] = '\0';
	if (ends_with(path, ".scn")) {
		*ret_kind = LAB_INPUT_TEXT;
		error = parse_text(command, path, bytes, count, artifact);
	} else if (lab_artifact_is(bytes, count) || ends_with(path, ".lab")) {
		*ret_kind = LAB_INPUT_ARTIFACT;
		error = read_artifact(command, path, bytes, count, artifact);
	} else {
		*ret_kind = LAB_INPUT_BYTES;
		lab_scenario_decode(bytes, count, &artifact->scenario);
	}
	free(bytes);
	return error;
}

bool lab_input_is_race(const struct lab_artifact *artifact)
{
	return strcmp(artifact->engine, LAB_ENGINE_RACE) == 0;
}

bool lab_input_is_hooked(const struct lab_artifact *artifact)
{
	return strcmp(artifact->engine, LAB_ENGINE_HOOKED) == 0 || lab_input_is_race(artifact);
}

void lab_input_hook(struct lab_artifact *artifact)
{
	if (!artifact->engine[0])
		snprintf(artifact->engine, sizeof(artifact->engine), "%s", LAB_ENGINE_HOOKED);
}

enum lab_status lab_input_target(const struct lab_artifact *artifact, const char *name,
				 const struct lab_target **ret_target, char *message, size_t room)
{
	bool hooked;

	if (!lab_input_is_hooked(artifact))
		return lab_target_open(name, ret_target, message, room);
	return lab_target_open_hooked(name, ret_target, &hooked, message, room);
}
