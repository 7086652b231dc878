/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/input.h"
#include "scenario/text.h"

/* What the text form has no place for stands before it as comments. */
static void show_envelope(const struct lab_artifact *artifact)
{
	printf("# target %s, build %s, engine %s, strategy %s, seed %" PRIu64 "\n", artifact->target,
	       artifact->build_id, artifact->engine, artifact->strategy, artifact->seed);
	if (artifact->rule < LAB_RULE_COUNT)
		printf("# expects %s %s, event hash %016" PRIx64 "\n", lab_rule_info(artifact->rule)->id,
		       lab_rule_info(artifact->rule)->slug, artifact->event_hash);
}

static int show(const char *path)
{
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	int error;

	lab_artifact_init(&artifact);
	error = lab_input_load("show", path, &artifact, &kind);
	if (!error) {
		if (kind == LAB_INPUT_ARTIFACT)
			show_envelope(&artifact);
		lab_scenario_print(&artifact.scenario, stdout);
	}
	lab_artifact_free(&artifact);
	return error;
}

static int run(int argc, const char **argv)
{
	const struct poptOption table[] = {POPT_TABLEEND};
	const char **rest;
	int error = lab_cli_parse(&lab_command_show, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (!rest[0]) {
		lab_cli_error("show: no file given: expected fuzz input, an artifact or a .scn text");
		return LAB_EXIT_USAGE;
	}
	for (size_t i = 0; rest[i]; i++) {
		int failed;

		if (rest[1])
			printf("# %s\n", rest[i]);
		failed = show(rest[i]);
		if (failed)
			error = failed;
	}
	return error;
}

const struct lab_command lab_command_show = {
	.name = "show",
	.summary = "Prints a test case as text, which build turns back.",
	.usage = "FILE...",
	.run = run,
};
