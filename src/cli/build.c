/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/input.h"
#include "report/file.h"
#include "scenario/decode.h"

/* An input of every context full of operations and a schedule of as many bytes. */
#define RAW_ROOM (64u << 10)

struct build {
	const char *out, *target;
	int raw;
};

/* Fuzz bytes; LAB_EXIT_USAGE after one line if the scenario is too wide for them. */
static int encode_raw(const char *path, const struct lab_scenario *scenario, uint8_t **ret_bytes, size_t *ret_count)
{
	uint8_t *bytes = malloc(RAW_ROOM);
	enum lab_status status;

	if (!bytes)
		return LAB_EXIT_HARNESS;
	status = lab_scenario_encode(scenario, bytes, RAW_ROOM, ret_count);
	if (status == LAB_OK) {
		*ret_bytes = bytes;
		return 0;
	}
	free(bytes);
	lab_cli_error("build: %s: --raw: larger than the fuzz form: expected at most %u CPUs, %u tasks, %u lines, "
		      "%u operations a context and %u frames",
		      path, LAB_FUZZ_CPU_MAX, LAB_FUZZ_TASK_MAX, LAB_FUZZ_LINE_MAX, LAB_FUZZ_OP_MAX,
		      LAB_FUZZ_FRAME_MAX);
	return LAB_EXIT_USAGE;
}

static int encode_artifact(const char *path, struct lab_artifact *artifact, const char *target, uint8_t **ret_bytes,
			   size_t *ret_count)
{
	enum lab_status status;

	snprintf(artifact->target, sizeof(artifact->target), "%s", target);
	snprintf(artifact->build_id, sizeof(artifact->build_id), "%s", LAB_VERSION);
	snprintf(artifact->engine, sizeof(artifact->engine), "sim");
	snprintf(artifact->strategy, sizeof(artifact->strategy), "written");
	status = lab_artifact_write(artifact, ret_bytes, ret_count);
	if (status == LAB_OK)
		return 0;
	lab_cli_error("build: %s: %s", path, lab_status_name(status));
	return LAB_EXIT_HARNESS;
}

static int build(const struct build *options, const char *path)
{
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	uint8_t *bytes;
	size_t count;
	int error;

	lab_artifact_init(&artifact);
	error = lab_input_load("build", path, &artifact, &kind);
	if (!error && kind != LAB_INPUT_TEXT) {
		lab_cli_error("build: %s: expected a text scenario, a name that ends in .scn", path);
		error = LAB_EXIT_USAGE;
	}
	if (!error)
		error = options->raw ? encode_raw(path, &artifact.scenario, &bytes, &count)
				     : encode_artifact(path, &artifact, options->target, &bytes, &count);
	lab_artifact_free(&artifact);
	if (error)
		return error;
	if (lab_file_write(options->out, bytes, count) != LAB_OK) {
		lab_cli_error("build: %s: %s", options->out, strerror(errno));
		error = LAB_EXIT_HARNESS;
	} else {
		printf("%s: %zu bytes\n", options->out, count);
	}
	free(bytes);
	return error;
}

static int run(int argc, const char **argv)
{
	static struct build options = {.target = "core"};
	const struct poptOption table[] = {
		{"output", 'o', POPT_ARG_STRING, &options.out, 0, "where to write", "FILE"},
		{"raw", '\0', POPT_ARG_NONE, &options.raw, 0, "fuzz bytes instead of an artifact", NULL},
		{"target", '\0', POPT_ARG_STRING, &options.target, 0, "the artifact's target (default core)", "T"},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(&lab_command_build, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (!rest[0] || rest[1]) {
		lab_cli_error("build: %s: expected exactly one .scn file", rest[0] ? rest[1] : "no file given");
		return LAB_EXIT_USAGE;
	}
	if (!options.out) {
		lab_cli_error("build: -o: not given: expected where to write");
		return LAB_EXIT_USAGE;
	}
	return build(&options, rest[0]);
}

const struct lab_command lab_command_build = {
	.name = "build",
	.summary = "Makes an artifact, or fuzz bytes, of a test case in text.",
	.usage = "FILE.scn -o OUT [--raw]",
	.run = run,
};
