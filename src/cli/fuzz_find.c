/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/fuzz.h"
#include "target/registry.h"

int lab_fuzz_find_program(const char *command, char path[LAB_PATH_ROOM])
{
	ssize_t length = readlink("/proc/self/exe", path, LAB_PATH_ROOM - 1);

	if (length < 0) {
		lab_cli_error("%s: /proc/self/exe: %s", command, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	path[length] = '\0';
	return 0;
}

static int folder_length(const char *program)
{
	return (int)(strrchr(program, '/') - program);
}

/* In the source tree that this program was built from, or in what was installed with it. */
bool lab_fuzz_find_data(const char *program, const char *name, char path[LAB_PATH_ROOM])
{
	const char *const ways[] = {LAB_DATA_DIR "/", LAB_SHARE_DIR "/"};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(ways); i++) {
		if (ways[i][0] == '/')
			snprintf(path, LAB_PATH_ROOM, "%s%s", ways[i], name);
		else
			snprintf(path, LAB_PATH_ROOM, "%.*s/%s%s", folder_length(program), program, ways[i], name);
		if (access(path, R_OK | X_OK) == 0)
			return true;
	}
	return false;
}

/* --fuzz-build is one engine's build, or a folder that has fuzz-ENGINE in it; else that lies beside the program, or
 * where modules are installed. False: path is where it was expected first. */
bool lab_fuzz_find_binary(const char *program, const char *fuzz_build, const char *engine, const char *fuzzer,
			  char path[LAB_PATH_ROOM])
{
	char first[LAB_PATH_ROOM];

	snprintf(path, LAB_PATH_ROOM, "%.*s/fuzz-%s/fuzz/%s", folder_length(program), program, engine, fuzzer);
	if (fuzz_build)
		snprintf(path, LAB_PATH_ROOM, "%s/fuzz-%s/fuzz/%s", fuzz_build, engine, fuzzer);
	if (access(path, X_OK) == 0)
		return true;
	memcpy(first, path, sizeof(first));
	if (fuzz_build)
		snprintf(path, LAB_PATH_ROOM, "%s/fuzz/%s", fuzz_build, fuzzer);
	else
		snprintf(path, LAB_PATH_ROOM, "%.*s/%s/fuzz-%s/%s", folder_length(program), program, LAB_MODULE_DIR,
			 engine, fuzzer);
	if (access(path, X_OK) == 0)
		return true;
	memcpy(path, first, sizeof(first));
	return false;
}

static int missing(const char *path, const char *fuzzer, const char *engine)
{
	lab_cli_error("fuzz: %s: no fuzz target for %s: './lab build' in labyrinth's source tree makes %s; "
		      "--fuzz-build names its build folder",
		      path, engine, fuzzer);
	return LAB_EXIT_HARNESS;
}

/* Bytes of text and of envelopes have no operations to edit, and a sanitizer's build has no such library. */
static void find_mutator(struct lab_fuzz_plan *plan)
{
	const char *const ways[] = {"fuzz", LAB_MODULE_DIR};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(ways) && lab_campaign_has_scenarios(&plan->campaign); i++) {
		snprintf(plan->mutator, sizeof(plan->mutator), "%.*s/%s/afl_mutator.so", folder_length(plan->program),
			 plan->program, ways[i]);
		if (access(plan->mutator, R_OK) == 0) {
			plan->campaign.afl_mutator = plan->mutator;
			return;
		}
	}
}

int lab_fuzz_find(struct lab_fuzz_plan *plan, const char *fuzz_build, const char *corpus)
{
	struct lab_campaign *campaign = &plan->campaign;
	char name[64];
	int code = lab_fuzz_find_program("fuzz", plan->program);

	if (code)
		return code;
	campaign->program = plan->program;
	if (campaign->engines & LAB_FUZZ_LIBFUZZER) {
		if (!lab_fuzz_find_binary(plan->program, fuzz_build, "libfuzzer", campaign->fuzzer, plan->libfuzzer))
			return missing(plan->libfuzzer, campaign->fuzzer, "libFuzzer");
		campaign->libfuzzer_binary = plan->libfuzzer;
	}
	if (campaign->engines & LAB_FUZZ_AFL) {
		if (!lab_fuzz_find_binary(plan->program, fuzz_build, "afl", campaign->fuzzer, plan->afl))
			return missing(plan->afl, campaign->fuzzer, "AFL++");
		campaign->afl_binary = plan->afl;
	}
	find_mutator(plan);
	snprintf(name, sizeof(name), "corpus/%s", campaign->fuzzer);
	if (corpus)
		campaign->seeds = corpus;
	else if (lab_fuzz_find_data(plan->program, name, plan->seeds))
		campaign->seeds = plan->seeds;
	else
		fprintf(stderr, "fuzz: no seeds are installed: starts from nothing; --corpus names a folder\n");
	if (lab_fuzz_find_data(plan->program, "corpus/regress", plan->regress))
		campaign->regress = plan->regress;
	return 0;
}
