/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/artifact_out.h"
#include "cli/cli.h"
#include "cli/found.h"
#include "cli/input.h"
#include "cli/race.h"
#include "cli/stop.h"

#define COMMAND           (&lab_command_minimize)
#define SEARCH_RUNS       4000u
#define CPU_LIMIT_DEFAULT "10s"

struct minimize {
	const char *target, *out, *limit_text, *format_text;
	uint64_t cpu_ns;
	int hooked, no_lanes;
	enum lab_format format;
};

static bool stop(void *arg)
{
	return lab_cli_stop_asked();
}

/* Runs it as it came, whatever its form; what it departed in, and the rule that it breaks. */
static int record(struct lab_found *found, const char *path, const struct lab_artifact *artifact)
{
	struct lab_divergence divergence;
	enum lab_status status = lab_isolate_follow(found->isolate, found->sim, &artifact->scenario,
						    artifact->follows ? &artifact->choices : NULL, true,
						    &found->choices, &found->result, &divergence);

	if (status != LAB_OK) {
		lab_cli_error("minimize: %s: the target cannot be run: %s", path, lab_status_name(status));
		return LAB_EXIT_HARNESS;
	}
	if (found->result.found)
		return 0;
	lab_cli_error("minimize: %s: breaks no rule: nothing to make smaller%s%s", path,
		      divergence.is ? ": it diverged: " : "", divergence.is ? divergence.why : "");
	return artifact->rule < LAB_RULE_COUNT ? LAB_EXIT_NONDETERMINISM : LAB_EXIT_USAGE;
}

static int minimize_on(const struct minimize *options, const char *path, const char *name, struct lab_sim *sim,
		       const struct lab_artifact *artifact)
{
	struct lab_isolate isolate;
	struct lab_found found;
	char out[LAB_WALK_PATH];
	int code;

	if (lab_isolate_open(&isolate, options->cpu_ns) != LAB_OK) {
		lab_cli_error("minimize: no memory to share with a child: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	lab_found_init(&found, sim, &isolate);
	found.search_runs = SEARCH_RUNS;
	found.stop = stop;
	lab_scenario_copy(&found.scenario, &artifact->scenario);
	code = record(&found, path, artifact);
	if (!code)
		code = lab_found_settle(&found, "minimize");
	snprintf(out, sizeof(out), "%s.min.lab", path);
	if (!code)
		code = lab_artifact_out(&(struct lab_artifact_out){
			.command = "minimize",
			.target = name,
			.hooked = lab_input_is_hooked(artifact),
			.strategy = artifact->strategy[0] ? artifact->strategy : "bytes",
			.path = options->out ? options->out : out,
			.seed = artifact->seed,
			.scenario = &found.scenario,
			.choices = &found.choices,
			.result = &found.result,
			.ops_before = artifact->scenario.op_count,
			.format = options->format,
			.lanes_cpu_ns = options->no_lanes ? 0 : options->cpu_ns,
		});
	lab_found_free(&found);
	lab_isolate_close(&isolate);
	return code;
}

static int minimize(const struct minimize *options, const char *path, struct lab_artifact *artifact)
{
	const char *name = options->target ? options->target : artifact->target[0] ? artifact->target : "core";
	const struct lab_target *target;
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
	code = minimize_on(options, path, name, sim, artifact);
	lab_sim_destroy(sim);
	return code;
}

static int run(int argc, const char **argv)
{
	static struct minimize options = {.limit_text = CPU_LIMIT_DEFAULT};
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &options.target, 0, "the artifact's own, or core, unless given", "T"},
		{"output", 'o', POPT_ARG_STRING, &options.out, 0, "the artifact (the file's name and .min.lab)", "OUT"},
		{"hooked", '\0', POPT_ARG_NONE, &options.hooked, 0,
		 "switch at each access of the target: as fuzz_scenario runs it", NULL},
		{"cpu-limit", '\0', POPT_ARG_STRING, &options.limit_text, 0,
		 "CPU time after which a run is a hang (default " CPU_LIMIT_DEFAULT ")", "T"},
		{"no-lanes", '\0', POPT_ARG_NONE, &options.no_lanes, 0, "print no steps of what is left", NULL},
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
	if (lab_cli_format(COMMAND, options.format_text, &options.format) ||
	    lab_cli_cpu_limit(COMMAND, options.limit_text, &options.cpu_ns))
		return LAB_EXIT_USAGE;
	if (!rest[0] || rest[1]) {
		lab_cli_error("minimize: '%s': expected one file: an artifact, a fuzz input or a .scn text",
			      rest[0] ? rest[1] : "");
		return LAB_EXIT_USAGE;
	}
	lab_cli_stop_catch();
	lab_artifact_init(&artifact);
	code = lab_input_load("minimize", rest[0], &artifact, &kind);
	if (!code && options.hooked)
		lab_input_hook(&artifact);
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
