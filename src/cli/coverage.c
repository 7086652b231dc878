/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "campaign/corpus.h"
#include "campaign/engine.h"
#include "campaign/folder.h"
#include "campaign/jobs.h"
#include "campaign/verify.h"
#include "cli/cli.h"
#include "cli/fuzz.h"
#include "report/file.h"
#include "target/registry.h"

/*
 * The corpus once more, through the fuzz target compiled with source coverage, and what llvm-cov makes of it. That
 * build takes labyrinth's sources; it is made once, beside the program or where --build says.
 */
#define BUILD_S 1800u
#define RUN_S   3600u
#define LLVM    "-19" /* the tools must be those of the compiler */

struct coverage {
	struct lab_campaign campaign;
	const char *target;
	char program[LAB_PATH_ROOM], beside[LAB_PATH_ROOM + 32], out[LAB_PATH_ROOM], log[LAB_PATH_ROOM],
		module[LAB_PATH_ROOM];
	const char *build;
};

/* 0, or an exit code after one line. */
static int run_tool(const struct coverage *coverage, struct lab_words *argv, const char *const *environment,
		    const char *log, unsigned limit_s)
{
	int wait_status = 0;
	enum lab_status status =
		lab_jobs_run((const char *const *)argv->word, environment, log, limit_s, 0, NULL, NULL, &wait_status);
	int code = status == LAB_OK && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 ? 0 : LAB_EXIT_HARNESS;

	if (status != LAB_OK)
		lab_cli_error("coverage: %s: cannot be started: %s", argv->word[0], strerror(errno));
	else if (code)
		lab_cli_error("coverage: %s failed: %s tells why", argv->word[0], log);
	lab_words_free(argv);
	return code;
}

static int build(const struct coverage *coverage)
{
	static const char *const environment[] = {"CC=clang" LLVM, NULL};
	char made[LAB_PATH_ROOM], sources[LAB_PATH_ROOM];
	struct lab_words argv = {0};
	int code = 0;

	snprintf(sources, sizeof(sources), "%s/meson.build", LAB_DATA_DIR);
	snprintf(made, sizeof(made), "%.*s/build.ninja", (int)LAB_PATH_ROOM - 32, coverage->build);
	if (access(made, R_OK) != 0 && access(sources, R_OK) != 0) {
		lab_cli_error("coverage: %s: not there: labyrinth's sources are compiled anew for it; --build names a "
			      "folder where that was done",
			      LAB_DATA_DIR);
		return LAB_EXIT_HARNESS;
	}
	if (access(made, R_OK) != 0) {
		const char *const words[] = {"meson",
					     "setup",
					     coverage->build,
					     LAB_DATA_DIR,
					     "-Dbuildtype=debug",
					     "-Dc_args=-fprofile-instr-generate -fcoverage-mapping",
					     "-Dc_link_args=-fprofile-instr-generate"};

		for (size_t i = 0; i < LAB_ARRAY_COUNT(words); i++)
			lab_words_add(&argv, "%s", words[i]);
		code = run_tool(coverage, &argv, environment, coverage->log, BUILD_S);
	}
	fprintf(stderr, "coverage: builds %s in %s\n", coverage->campaign.fuzzer, coverage->build);
	lab_words_add(&argv, "ninja");
	lab_words_add(&argv, "-C");
	lab_words_add(&argv, "%s", coverage->build);
	lab_words_add(&argv, "fuzz/%s", coverage->campaign.fuzzer);
	lab_words_add(&argv, "targets/core.so");
	lab_words_add(&argv, "targets/locked.so");
	return code ? code : run_tool(coverage, &argv, NULL, coverage->log, BUILD_S);
}

struct each {
	const struct coverage *coverage;
	const char *const *environment;
	unsigned ended; /* inputs that the fuzz target did not survive: their lines are not counted */
};

static bool run_file(void *arg, const char *path, const char *name)
{
	struct each *each = arg;
	const struct coverage *coverage = each->coverage;
	char binary[LAB_PATH_ROOM];
	const char *const argv[] = {binary, path, NULL};
	int wait_status;

	snprintf(binary, sizeof(binary), "%.*s/fuzz/%s", (int)LAB_PATH_ROOM - 64, coverage->build,
		 coverage->campaign.fuzzer);
	if (lab_jobs_run(argv, each->environment, coverage->log, LAB_REPLAY_LIMIT_S, 0, NULL, NULL, &wait_status) !=
		    LAB_OK ||
	    !WIFEXITED(wait_status) || WEXITSTATUS(wait_status))
		each->ended++;
	return true;
}

/* All in one process; where an input ends that, each in one of its own. */
static int run_corpus(const struct coverage *coverage)
{
	char corpus[LAB_PATH_ROOM], profile[LAB_PATH_ROOM + 64], target[LAB_PATH_ROOM + 32];
	const char *const environment[] = {profile, target, NULL};
	struct each each = {.coverage = coverage, .environment = environment};

	snprintf(profile, sizeof(profile), "LLVM_PROFILE_FILE=%s/raw/%%m.profraw", coverage->out);
	snprintf(target, sizeof(target), "LABYRINTH_TARGET=%s", coverage->target);
	lab_campaign_path(&coverage->campaign, corpus, "corpus");
	run_file(&each, corpus, "");
	if (!each.ended)
		return 0;
	each.ended = 0;
	lab_campaign_each_file(corpus, run_file, &each);
	if (each.ended)
		fprintf(stderr, "coverage: %u inputs that break a rule are left out\n", each.ended);
	return 0;
}

static bool add_profile(void *arg, const char *path, const char *name)
{
	lab_words_add(arg, "%s", path);
	return true;
}

/* Which object has the target's code, and which sources are its own. A plug-in's are all that it has. */
static void add_sources(const struct coverage *coverage, struct lab_words *argv)
{
	if (strcmp(coverage->target, "core") == 0) {
		lab_words_add(argv, "%s/src/core", LAB_DATA_DIR);
	} else if (strcmp(coverage->target, "locked") == 0) {
		lab_words_add(argv, "%s/src/target/locked.c", LAB_DATA_DIR);
		lab_words_add(argv, "%s/src/target/buddy.c", LAB_DATA_DIR);
	}
}

static int tell(const struct coverage *coverage)
{
	char raw[LAB_PATH_ROOM + 8], merged[LAB_PATH_ROOM + 32], summary[LAB_PATH_ROOM + 32];
	struct lab_words argv = {0};
	uint8_t *text;
	size_t bytes;
	int code;

	snprintf(raw, sizeof(raw), "%s/raw", coverage->out);
	snprintf(merged, sizeof(merged), "%s/all.profdata", coverage->out);
	snprintf(summary, sizeof(summary), "%s/summary.txt", coverage->out);
	lab_words_add(&argv, "llvm-profdata" LLVM);
	lab_words_add(&argv, "merge");
	lab_words_add(&argv, "-sparse");
	lab_words_add(&argv, "-o");
	lab_words_add(&argv, "%s", merged);
	lab_campaign_each_file(raw, add_profile, &argv);
	code = run_tool(coverage, &argv, NULL, coverage->log, BUILD_S);
	for (unsigned html = 0; html < 2 && !code; html++) {
		lab_words_add(&argv, "llvm-cov" LLVM);
		lab_words_add(&argv, html ? "show" : "report");
		lab_words_add(&argv, "-instr-profile=%s", merged);
		if (html) {
			lab_words_add(&argv, "-format=html");
			lab_words_add(&argv, "-output-dir=%s/html", coverage->out);
		} else {
			lab_words_add(&argv, "-show-region-summary=0");
		}
		lab_words_add(&argv, "%s", coverage->module);
		add_sources(coverage, &argv);
		code = run_tool(coverage, &argv, NULL, html ? coverage->log : summary, BUILD_S);
	}
	if (code || lab_file_read(summary, (size_t)16 << 20, &text, &bytes) != LAB_OK)
		return code ? code : LAB_EXIT_HARNESS;
	printf("%.*s\ncoverage: %s/html/index.html\n", (int)bytes, (const char *)text, coverage->out);
	free(text);
	return 0;
}

/* The object that ran: a hooked module where the fuzz target takes one, else the fuzz target itself. */
static void find_module(struct coverage *coverage)
{
	bool hooked = strcmp(coverage->campaign.fuzzer, "fuzz_scenario") == 0;

	if (strchr(coverage->target, '/'))
		snprintf(coverage->module, sizeof(coverage->module), "%s", coverage->target);
	else if (hooked)
		snprintf(coverage->module, sizeof(coverage->module), "%.*s/targets/%s.so", (int)LAB_PATH_ROOM - 128,
			 coverage->build, coverage->target);
	else
		snprintf(coverage->module, sizeof(coverage->module), "%.*s/fuzz/%s", (int)LAB_PATH_ROOM - 128,
			 coverage->build, coverage->campaign.fuzzer);
}

static int cover(struct coverage *coverage)
{
	char raw[LAB_PATH_ROOM + 8];
	int code;

	lab_campaign_path(&coverage->campaign, coverage->out, "coverage");
	snprintf(raw, sizeof(raw), "%s/raw", coverage->out);
	lab_campaign_path(&coverage->campaign, coverage->log, "coverage/log.txt");
	lab_campaign_remove(raw);
	if (lab_campaign_make_folders(raw) != LAB_OK) {
		lab_cli_error("coverage: %s: cannot be written: %s", raw, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	find_module(coverage);
	code = build(coverage);
	if (!code)
		code = run_corpus(coverage);
	if (!code)
		code = tell(coverage);
	lab_campaign_remove(raw);
	return code;
}

static int run(int argc, const char **argv)
{
	static struct coverage coverage;
	struct json_object *record;
	const char **rest, *why = "";
	const struct poptOption table[] = {
		{"build", '\0', POPT_ARG_STRING, &coverage.build, 0,
		 "folder of the build with coverage (default fuzz-coverage beside this program)", "DIR"},
		{"target", '\0', POPT_ARG_STRING, &coverage.target, 0,
		 "the campaign's target compiled with coverage (default: the same)", "T"},
		POPT_TABLEEND,
	};
	int code = lab_cli_parse(&lab_command_coverage, argc, argv, table, &rest);

	if (code)
		return code < 0 ? LAB_EXIT_CLEAN : code;
	coverage.campaign.dir = rest[0] ? rest[0] : "";
	if (!rest[0] || rest[1] || !lab_verify_open(&coverage.campaign, &record, &why) || !coverage.campaign.fuzzer) {
		lab_cli_error("coverage: '%s': expected the folder of one fuzz campaign%s%s", coverage.campaign.dir,
			      why[0] ? ": campaign.json: " : "", why);
		return LAB_EXIT_USAGE;
	}
	code = lab_fuzz_find_program("coverage", coverage.program);
	snprintf(coverage.beside, sizeof(coverage.beside), "%.*s/fuzz-coverage",
		 (int)(strrchr(coverage.program, '/') - coverage.program), coverage.program);
	coverage.build = coverage.build ? coverage.build : coverage.beside;
	coverage.target = coverage.target ? coverage.target : coverage.campaign.target;
	if (!code)
		code = cover(&coverage);
	json_object_put(record);
	return code;
}

const struct lab_command lab_command_coverage = {
	.name = "coverage",
	.summary = "Shows which lines of the target a fuzz campaign's corpus reaches.",
	.usage = "[OPTION...] DIR",
	.run = run,
};
