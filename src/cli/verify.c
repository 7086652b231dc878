/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>

#include "campaign/verify.h"
#include "cli/cli.h"
#include "cli/fuzz.h"

static void tell(void *arg, const char *path, const char *what)
{
	printf("%s: %s\n", path, what);
}

/* What a caller must not miss comes first. */
static int code_of(const struct lab_verify *verify)
{
	if (verify->damaged)
		return LAB_EXIT_HARNESS;
	if (verify->unreplayed)
		return LAB_EXIT_NONDETERMINISM;
	return verify->impossible ? LAB_EXIT_UNSUPPORTED : LAB_EXIT_CLEAN;
}

static int verify_folder(struct lab_campaign *campaign)
{
	struct lab_verify verify = {.tell = tell};
	struct json_object *record;
	const char *why = "";
	int code;

	if (!lab_verify_open(campaign, &record, &why)) {
		lab_cli_error("verify: '%s/campaign.json': expected a campaign's folder: %s", campaign->dir, why);
		return LAB_EXIT_USAGE;
	}
	if (lab_campaign_is_locked(campaign)) {
		lab_cli_error("verify: '%s': in use: expected a campaign that has ended", campaign->dir);
		json_object_put(record);
		return LAB_EXIT_HARNESS;
	}
	lab_verify_folder(campaign, &verify);
	code = code_of(&verify);
	printf("%s: %u files, %u findings: %s", campaign->dir, verify.files, verify.findings,
	       code ? "" : "whole, and every finding replays\n");
	if (code)
		printf("%u damaged, %u did not replay, %u cannot be replayed here\n", verify.damaged, verify.unreplayed,
		       verify.impossible);
	json_object_put(record);
	return code;
}

static int run(int argc, const char **argv)
{
	const struct poptOption table[] = {POPT_TABLEEND};
	char program[LAB_PATH_ROOM];
	struct lab_campaign campaign = {.program = program};
	const char **rest;
	int error = lab_cli_parse(&lab_command_verify, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (!rest[0] || rest[1]) {
		lab_cli_error("verify: '%s': expected one folder, as --dir of fuzz, explore and stress makes it",
			      rest[0] ? rest[1] : "");
		return LAB_EXIT_USAGE;
	}
	campaign.dir = rest[0];
	error = lab_fuzz_find_program("verify", program);
	return error ? error : verify_folder(&campaign);
}

const struct lab_command lab_command_verify = {
	.name = "verify",
	.summary = "Tells whether a campaign's folder is whole and every finding in it replays.",
	.usage = "DIR",
	.run = run,
};
