/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/artifact_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/input.h"
#include "cli/lanes.h"
#include "cli/race.h"
#include "report/file.h"
#include "report/finding.h"

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

static enum lab_status write_bytes(const struct lab_artifact_out *out, const uint8_t *bytes, size_t count,
				   char path[LAB_WALK_PATH])
{
	char name[LAB_FINDING_NAME];

	lab_finding_name(out->result->finding.rule, bytes, count, name);
	if (!out->path) {
		snprintf(path, LAB_WALK_PATH, "%s/%s.lab", out->folder, name);
		if (mkdir(out->folder, 0777) && errno != EEXIST)
			return LAB_SYSTEM;
	}
	return lab_file_write(path, bytes, count);
}

void lab_artifact_keep(const struct lab_artifact_out *out, struct lab_artifact_kept *ret_kept)
{
	struct lab_artifact artifact;
	enum lab_status status;
	uint8_t *bytes;
	size_t count;

	*ret_kept = (struct lab_artifact_kept){
		.finding = out->result->finding,
		.ops = out->scenario->op_count,
		.ops_before = out->ops_before,
	};
	for (size_t i = 0; i < out->choices->count; i++)
		ret_kept->interrupts += out->choices->list[i].fires;
	ret_kept->switches = out->choices->count - ret_kept->interrupts;
	snprintf(ret_kept->path, sizeof(ret_kept->path), "%s", out->path ? out->path : out->folder);
	lab_artifact_init(&artifact);
	fill(out, &artifact);
	status = lab_artifact_write(&artifact, &bytes, &count);
	if (status == LAB_OK) {
		status = write_bytes(out, bytes, count, ret_kept->path);
		ret_kept->error = status == LAB_OK ? 0 : errno;
		free(bytes);
	} else {
		ret_kept->error = status == LAB_NO_MEMORY ? ENOMEM : EINVAL;
	}
	lab_artifact_free(&artifact);
}

void lab_artifact_tell(const struct lab_artifact_kept *kept, uint64_t met, const char *again, enum lab_format format)
{
	char note[160], command[LAB_WALK_PATH + 32];
	struct lab_finding_trail trail = {"artifact", kept->path, note, command};
	size_t used;

	used = (size_t)snprintf(note, sizeof(note), "%zu ops, %zu interrupts, %zu switches, from %zu ops", kept->ops,
				kept->interrupts, kept->switches, kept->ops_before);
	if (met > 1)
		snprintf(note + used, sizeof(note) - used, "; met %" PRIu64 " times", met);
	snprintf(command, sizeof(command), "labyrinth replay %s", kept->path);
	if (kept->error) {
		trail.path = "none";
		snprintf(note, sizeof(note), "%s", strerror(kept->error));
		trail.command = again;
	}
	lab_finding_print(format == LAB_FORMAT_TEXT ? stdout : stderr, &kept->finding, &trail);
}

int lab_artifact_out(const struct lab_artifact_out *out)
{
	struct lab_artifact_kept kept;

	lab_artifact_keep(out, &kept);
	if (kept.error)
		lab_cli_error("%s: %s: %s", out->command, kept.path, strerror(kept.error));
	else if (out->lanes_cpu_ns && out->format == LAB_FORMAT_TEXT)
		lab_lanes_artifact(out->command, kept.path, out->lanes_cpu_ns);
	lab_artifact_tell(&kept, 1, "the same command, once the file can be written", out->format);
	return kept.error ? LAB_EXIT_HARNESS : LAB_EXIT_FINDING;
}
