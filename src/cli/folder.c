/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fuzz.h"

static struct json_object *options_of(struct lab_emit *emit)
{
	struct json_object *document, *options = NULL;
	size_t bytes;

	document = json_tokener_parse(lab_emit_document(emit, &bytes));
	lab_emit_close(emit);
	if (document && json_object_object_get_ex(document, "options", &options))
		json_object_get(options);
	json_object_put(document);
	return options ? options : json_object_new_object();
}

int lab_cli_folder_open(const char *command, const char *dir, const char *target, struct lab_emit *options,
			struct json_object *machine, struct lab_run **ret_run)
{
	static char program[LAB_PATH_ROOM], regress[LAB_PATH_ROOM];
	struct lab_campaign campaign = {
		.command = command, .dir = dir, .target = target, .program = program, .commit = lab_cli_commit};
	struct json_object *told = options_of(options);
	char message[LAB_PATH_ROOM + 256];
	struct lab_run *run = NULL;
	int code = 0;

	if (!dir[0] || strlen(dir) > LAB_CAMPAIGN_DIR_MAX) {
		lab_cli_error("%s: --dir: %zu characters: expected 1 to %u", command, strlen(dir),
			      LAB_CAMPAIGN_DIR_MAX);
		code = LAB_EXIT_USAGE;
	}
	code = code ? code : lab_fuzz_find_program(command, program);
	if (!code && lab_fuzz_find_data(program, "corpus/regress", regress))
		campaign.regress = regress;
	run = code ? NULL : malloc(sizeof(*run));
	if (!run) {
		json_object_put(told);
		json_object_put(machine);
		return code ? code : LAB_EXIT_HARNESS;
	}
	if (lab_run_open(run, &campaign, LAB_VERSION, told, machine, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("%s: --dir: %s", command, message);
		free(run);
		return LAB_EXIT_HARNESS;
	}
	*ret_run = run;
	return 0;
}

int lab_cli_folder_close(struct lab_run *run, bool stopped, struct json_object *numbers, int code)
{
	const struct lab_campaign *campaign = &run->campaign;
	size_t findings = 0;
	bool done = lab_run_sample(run, stopped ? "stopped" : "done", numbers);

	done &= lab_run_finish(run, &findings);
	fflush(stdout);
	if (!done)
		lab_cli_error("%s: %s: not all could be written: %s", campaign->command, campaign->dir,
			      strerror(errno));
	else
		fprintf(stderr, "%s: %zu finding%s in %s; %s/report.html tells all\n", campaign->command, findings,
			findings == 1 ? "" : "s", campaign->dir, campaign->dir);
	lab_run_close(run);
	free(run);
	return done || code ? code : LAB_EXIT_HARNESS;
}
