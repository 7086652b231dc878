/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/input.h"
#include "cli/race.h"
#include "cli/stop.h"
#include "engine/shrink.h"
#include "report/walk.h"

#define COMMAND (&lab_command_minimize)

struct minimize {
	const char *target, *out, *format_text;
	enum lab_format format;
};

static bool stop(void *arg)
{
	return lab_cli_stop_asked();
}

/* The schedule as choices, whatever form it came in, and the rule that it breaks. */
static int record(struct lab_sim *sim, const char *path, const struct lab_artifact *artifact,
		  struct lab_choices *choices, struct lab_sim_result *ret_result)
{
	const struct lab_sim_options options = {.quiesce = true, .record = choices};
	enum lab_status status;

	if (artifact->follows) {
		lab_choices_copy(choices, &artifact->choices);
		status = lab_sim_follow(sim, &artifact->scenario, choices, true, NULL, ret_result, NULL);
	} else {
		status = lab_sim_run(sim, &artifact->scenario, &options, ret_result);
	}
	if (status != LAB_OK) {
		lab_cli_error("minimize: %s: the target cannot be run: %s", path, lab_status_name(status));
		return LAB_EXIT_HARNESS;
	}
	if (!ret_result->found) {
		lab_cli_error("minimize: %s: breaks no rule: nothing to make smaller", path);
		return artifact->rule < LAB_RULE_COUNT ? LAB_EXIT_NONDETERMINISM : LAB_EXIT_USAGE;
	}
	return 0;
}

static int shrink(const struct minimize *options, const char *path, const char *target, struct lab_sim *sim,
		  struct lab_artifact *artifact, struct lab_choices *choices, const struct lab_sim_result *found)
{
	size_t ops_before = artifact->scenario.op_count;
	char out[LAB_WALK_PATH];
	struct lab_shrink shrink = {
		.sim = sim,
		.rule = found->finding.rule,
		.search_runs = 4000,
		.stop = stop,
		.scenario = &artifact->scenario,
		.choices = choices,
	};

	/* the choices say all that these did */
	artifact->scenario.schedule_bytes = 0;
	if (lab_shrink(&shrink) != LAB_OK || shrink.unsteady) {
		lab_cli_error("minimize: %s: %s did not come again under the recorded choices", path,
			      lab_rule_info(found->finding.rule)->id);
		return LAB_EXIT_NONDETERMINISM;
	}
	snprintf(out, sizeof(out), "%s.min.lab", path);
	return lab_artifact_out(&(struct lab_artifact_out){
		.command = "minimize",
		.target = target,
		.hooked = lab_input_is_hooked(artifact),
		.strategy = artifact->strategy[0] ? artifact->strategy : "bytes",
		.path = options->out ? options->out : out,
		.seed = artifact->seed,
		.scenario = &artifact->scenario,
		.choices = choices,
		.result = &shrink.result,
		.ops_before = ops_before,
		.format = options->format,
	});
}

static int minimize(const struct minimize *options, const char *path, struct lab_artifact *artifact)
{
	const char *name = options->target ? options->target : artifact->target[0] ? artifact->target : "core";
	const struct lab_target *target;
	struct lab_choices choices = {0};
	struct lab_sim_result found;
	struct lab_sim *sim;
	char message[256];
	int code;

	if (lab_input_target(artifact, name, &target, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("minimize: %s: %s", options->target ? "--target" : path, message);
		return LAB_EXIT_USAGE;
	}
	if (lab_sim_create(target, &sim) != LAB_OK) {
		lab_cli_error("minimize: the engine cannot be made");
		return LAB_EXIT_HARNESS;
	}
	code = record(sim, path, artifact, &choices, &found);
	if (!code)
		code = shrink(options, path, name, sim, artifact, &choices, &found);
	lab_choices_free(&choices);
	lab_sim_destroy(sim);
	return code;
}

static int run(int argc, const char **argv)
{
	static struct minimize options;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &options.target, 0, "the artifact's own, or core, unless given", "T"},
		{"output", 'o', POPT_ARG_STRING, &options.out, 0, "the artifact (the file's name and .min.lab)", "OUT"},
		{"format", '\0', POPT_ARG_STRING, &options.format_text, 0, "of the standard output (text)",
		 "text|jsonl"},
		POPT_TABLEEND,
	};
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	const char **rest;
	int code = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (code)
		return code < 0 ? LAB_EXIT_CLEAN : code;
	if (lab_cli_format(COMMAND, options.format_text, &options.format))
		return LAB_EXIT_USAGE;
	if (!rest[0] || rest[1]) {
		lab_cli_error("minimize: '%s': expected one file: an artifact, a fuzz input or a .scn text",
			      rest[0] ? rest[1] : "");
		return LAB_EXIT_USAGE;
	}
	lab_cli_stop_catch();
	lab_artifact_init(&artifact);
	code = lab_input_load("minimize", rest[0], &artifact, &kind);
	if (!code && lab_input_is_race(&artifact) && !lab_cli_race_is_here())
		code = lab_cli_race_become("minimize", argc, argv);
	else if (!code)
		code = minimize(&options, rest[0], &artifact);
	lab_artifact_free(&artifact);
	return code;
}

const struct lab_command lab_command_minimize = {
	.name = "minimize",
	.summary = "Makes a test case smaller while it breaks the same rule.",
	.usage = "[OPTION...] FILE",
	.run = run,
};
