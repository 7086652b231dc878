/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/input.h"
#include "cli/race.h"
#include "report/file.h"
#include "report/finding.h"
#include "report/walk.h"

static const char *engine_of(const struct lab_artifact_out *out)
{
	if (!out->hooked)
		return "sim";
	return lab_cli_race_is_here() ? LAB_ENGINE_RACE : LAB_ENGINE_HOOKED;
}

static void fill(const struct lab_artifact_out *out, struct lab_artifact *artifact)
{
	snprintf(artifact->target, sizeof(artifact->target), "%s", out->target);
	snprintf(artifact->build_id, sizeof(artifact->build_id), "%s", LAB_VERSION);
	snprintf(artifact->engine, sizeof(artifact->engine), "%s", engine_of(out));
	snprintf(artifact->strategy, sizeof(artifact->strategy), "%s", out->strategy);
	artifact->seed = out->seed;
	artifact->rule = out->result->finding.rule;
	artifact->event_hash = out->result->event_hash;
	artifact->follows = true;
	lab_choices_copy(&artifact->choices, out->choices);
	lab_scenario_copy(&artifact->scenario, out->scenario);
}

static size_t interrupts_of(const struct lab_choices *choices)
{
	size_t count = 0;

	for (size_t i = 0; i < choices->count; i++)
		count += choices->list[i].fires;
	return count;
}

static void print_lines(const struct lab_artifact_out *out, const char *path)
{
	size_t interrupts = interrupts_of(out->choices);
	char note[128], command[LAB_WALK_PATH + 32];
	const struct lab_finding_trail trail = {"artifact", path, note, command};

	snprintf(note, sizeof(note), "%zu ops, %zu interrupts, %zu switches, from %zu ops", out->scenario->op_count,
		 interrupts, out->choices->count - interrupts, out->ops_before);
	snprintf(command, sizeof(command), "labyrinth replay %s", path);
	lab_finding_print(out->format == LAB_FORMAT_TEXT ? stdout : stderr, &out->result->finding, &trail);
}

static int write_bytes(const struct lab_artifact_out *out, const uint8_t *bytes, size_t count)
{
	char path[LAB_WALK_PATH], name[LAB_FINDING_NAME];

	lab_finding_name(out->result->finding.rule, bytes, count, name);
	if (out->path)
		snprintf(path, sizeof(path), "%s", out->path);
	else
		snprintf(path, sizeof(path), "%s/%s.lab", out->folder, name);
	if ((!out->path && mkdir(out->folder, 0777) && errno != EEXIST) ||
	    lab_file_write(path, bytes, count) != LAB_OK) {
		lab_cli_error("%s: %s: %s", out->command, path, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	print_lines(out, path);
	return LAB_EXIT_FINDING;
}

int lab_artifact_out(const struct lab_artifact_out *out)
{
	struct lab_artifact artifact;
	enum lab_status status;
	uint8_t *bytes;
	size_t count;
	int code = LAB_EXIT_HARNESS;

	lab_artifact_init(&artifact);
	fill(out, &artifact);
	status = lab_artifact_write(&artifact, &bytes, &count);
	if (status == LAB_OK) {
		code = write_bytes(out, bytes, count);
		free(bytes);
	} else {
		lab_cli_error("%s: the finding cannot be written as an artifact: %s", out->command,
			      lab_status_name(status));
	}
	lab_artifact_free(&artifact);
	return code;
}
