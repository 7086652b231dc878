/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/crash_stack.h"
#include "cli/input.h"
#include "cli/lanes.h"
#include "cli/replay_run.h"
#include "report/walk.h"

static void run_and_print(const char *path, const struct lab_artifact *artifact, const struct lab_target *target,
			  uint64_t cpu_ns)
{
	struct lab_replay_way way = {.cpu_ns = cpu_ns, .times = 1};
	struct lab_replay_outcome outcome;
	char whole[LAB_WALK_PATH + 32];
	struct lab_lanes lanes = {
		.target = target,
		.scenario = &artifact->scenario,
		.rows_most = LAB_LANES_ROWS,
		.whole = whole,
	};

	if (lab_story_create(LAB_STORY_ROOM, &way.story) != LAB_OK)
		return;
	snprintf(whole, sizeof(whole), "labyrinth replay --lanes %s", path);
	/* what does not come again tells nothing; whoever found it has made sure of it before */
	if (lab_replay_run(target, artifact, &way, &outcome) == LAB_OK && outcome.status == LAB_OK &&
	    outcome.first.found && !outcome.divergence.is) {
		lanes.story = way.story;
		lanes.finding = &outcome.first.finding;
		lab_lanes_print(&lanes);
		lab_cli_crash_stack(&outcome.crash);
	}
	lab_story_destroy(way.story);
}

void lab_lanes_artifact(const char *command, const char *path, uint64_t cpu_ns)
{
	const struct lab_target *target;
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	char message[256];

	lab_artifact_init(&artifact);
	if (lab_input_load(command, path, &artifact, &kind) == 0 &&
	    lab_input_target(&artifact, artifact.target, &target, message, sizeof(message)) == LAB_OK)
		run_and_print(path, &artifact, target, cpu_ns);
	lab_artifact_free(&artifact);
}
