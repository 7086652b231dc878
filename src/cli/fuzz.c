/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/findings.h"
#include "cli/cli.h"
#include "cli/fuzz_watch.h"
#include "cli/stop.h"
#include "report/finding.h"
#include "target/registry.h"

#define TIME_S_MAX UINT64_C(31536000)

static const char *const fuzzers[] = {
	"fuzz_scenario", "fuzz_sequential", "fuzz_interrupt", "fuzz_text", "fuzz_artifact", "fuzz_arena", NULL};
static const char *const engines[] = {[LAB_FUZZ_LIBFUZZER] = "libfuzzer", [LAB_FUZZ_AFL] = "afl", NULL};

/* What the options say, as text; paths that the campaign points into. */
struct request {
	const char *engine, *time, *jobs, *dir, *target, *seed, *fuzz_build, *corpus;
	char program[LAB_PATH_ROOM], binary[LAB_PATH_ROOM], mutator[LAB_PATH_ROOM + 32], seeds[LAB_PATH_ROOM],
		folder[LAB_PATH_ROOM];
};

/* Where this program is: the fuzz builds lie beside it. */
static int find_program(struct request *request)
{
	ssize_t length = readlink("/proc/self/exe", request->program, sizeof(request->program) - 1);

	if (length < 0) {
		lab_cli_error("fuzz: /proc/self/exe: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	request->program[length] = '\0';
	return 0;
}

static int find_binary(struct request *request, struct lab_campaign *campaign)
{
	char beside[LAB_PATH_ROOM + 32];
	const char *build = request->fuzz_build;

	if (!build) {
		int folder = (int)(strrchr(request->program, '/') - request->program);

		snprintf(beside, sizeof(beside), "%.*s/fuzz-%s", folder, request->program,
			 lab_fuzz_engine_name(campaign->engine));
		build = beside;
	}
	snprintf(request->binary, sizeof(request->binary), "%.*s/fuzz/%s", (int)LAB_PATH_ROOM - 64, build,
		 campaign->fuzzer);
	campaign->binary = request->binary;
	if (access(request->binary, X_OK) == 0)
		return 0;
	lab_cli_error("fuzz: %s: %s: './lab build' makes it; --fuzz-build names another build folder", request->binary,
		      strerror(errno));
	return LAB_EXIT_HARNESS;
}

/* Bytes of text and of envelopes have no operations to edit, and a sanitizer's build has no such library. */
static void find_mutator(struct request *request, struct lab_campaign *campaign)
{
	int folder = (int)(strrchr(request->program, '/') - request->program);

	if (strcmp(campaign->fuzzer, "fuzz_text") == 0 || strcmp(campaign->fuzzer, "fuzz_artifact") == 0 ||
	    strcmp(campaign->fuzzer, "fuzz_arena") == 0)
		return;
	snprintf(request->mutator, sizeof(request->mutator), "%.*s/fuzz/afl_mutator.so", folder, request->program);
	if (access(request->mutator, R_OK) == 0)
		campaign->afl_mutator = request->mutator;
}

static int check_target(const struct request *request, struct lab_campaign *campaign)
{
	const struct lab_target *target;
	char message[256];

	if (lab_target_open(request->target, &target, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("fuzz: --target: %s", message);
		return LAB_EXIT_USAGE;
	}
	campaign->target = request->target;
	return 0;
}

static int read_request(struct request *request, const char **rest, struct lab_campaign *campaign)
{
	const struct lab_command *command = &lab_command_fuzz;
	uint64_t jobs, time_ns;
	unsigned index;

	if (lab_cli_choice(command, "FUZZER", rest[0] ? rest[0] : "", fuzzers, &index))
		return LAB_EXIT_USAGE;
	campaign->fuzzer = fuzzers[index];
	if (lab_cli_no_arguments(command, rest + 1) ||
	    lab_cli_choice(command, "--engine", request->engine, engines, &index) ||
	    lab_cli_number(command, "--jobs", request->jobs, 1, LAB_CAMPAIGN_JOB_MAX, &jobs) ||
	    lab_cli_number(command, "--seed", request->seed, 0, UINT32_MAX, &campaign->seed))
		return LAB_EXIT_USAGE;
	campaign->engine = (enum lab_fuzz_engine)index;
	campaign->job_count = (unsigned)jobs;
	if (lab_cli_duration(request->time, &time_ns) || time_ns < UINT64_C(1000000000) ||
	    time_ns / UINT64_C(1000000000) > TIME_S_MAX) {
		lab_cli_error("fuzz: --time: '%s': expected a duration from 1s to a year, such as 30s, 5m or 2h",
			      request->time);
		return LAB_EXIT_USAGE;
	}
	campaign->time_s = time_ns / UINT64_C(1000000000);
	if (request->dir && strlen(request->dir) > LAB_PATH_ROOM / 2) {
		lab_cli_error("fuzz: --dir: %zu characters: expected at most %u", strlen(request->dir),
			      LAB_PATH_ROOM / 2);
		return LAB_EXIT_USAGE;
	}
	snprintf(request->folder, sizeof(request->folder), "campaign-%s-%s", campaign->fuzzer,
		 lab_fuzz_engine_name(campaign->engine));
	campaign->dir = request->dir ? request->dir : request->folder;
	snprintf(request->seeds, sizeof(request->seeds), "%s/%s", LAB_CORPUS_DIR, campaign->fuzzer);
	campaign->seeds = request->corpus ? request->corpus : request->seeds;
	return check_target(request, campaign);
}

static void print_findings(const struct lab_campaign_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct lab_campaign_finding *found = &findings->list[i];
		char note[64];
		struct lab_finding_trail trail = {
			.label = "artifact", .path = found->path, .note = note, .command = found->command};

		lab_campaign_finding_note(found, note, sizeof(note));
		printf("\n");
		lab_finding_print(stdout, &found->finding, &trail);
	}
}

/* One line for people and scripts, and the exit code that says the same. */
static int verdict(const struct lab_campaign *campaign, const struct lab_fuzz_watched *watched,
		   const struct lab_campaign_findings *findings)
{
	const struct lab_campaign_progress *progress = &watched->progress;

	printf("%s under %s against %s: %" PRIu64 " runs in %" PRIu64 " s, corpus %" PRIu64 ", edges %" PRIu64 ": ",
	       campaign->fuzzer, lab_fuzz_engine_name(campaign->engine), campaign->target, progress->runs,
	       watched->elapsed_s, progress->corpus, progress->edges);
	if (findings->count)
		printf("%zu finding%s\n", findings->count, findings->count == 1 ? "" : "s");
	else if (findings->unreplayed)
		printf("%u crash%s that did not replay, in %s/findings\n", findings->unreplayed,
		       findings->unreplayed == 1 ? "" : "es", campaign->dir);
	else
		printf("clean\n");
	if (findings->left_out)
		lab_cli_error("fuzz: %u more crash inputs in %s/raw and %s/afl were not replayed", findings->left_out,
			      campaign->dir, campaign->dir);
	if (findings->count)
		return LAB_EXIT_FINDING;
	return findings->unreplayed ? LAB_EXIT_NONDETERMINISM : LAB_EXIT_CLEAN;
}

static int finish(const struct lab_campaign *campaign, const char *program, struct lab_fuzz_watched *watched)
{
	struct lab_campaign_findings findings;
	int code;

	if (lab_campaign_collect(campaign, program, &findings) != LAB_OK ||
	    lab_campaign_keep_corpus(campaign) != LAB_OK ||
	    lab_campaign_write_status(campaign, lab_cli_stop_asked() ? "stopped" : "done", watched->elapsed_s, 0,
				      &watched->progress) != LAB_OK) {
		lab_cli_error("fuzz: %s: what was found cannot be written: %s", campaign->dir, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	code = verdict(campaign, watched, &findings);
	print_findings(&findings);
	lab_campaign_findings_free(&findings);
	if (code == LAB_EXIT_CLEAN && (watched->died || !watched->progress.runs) && !lab_cli_stop_asked()) {
		lab_cli_error("fuzz: job %s ended after %" PRIu64 " s of %" PRIu64 ": %s/log/%s.log tells why",
			      watched->died ? watched->died : "none", watched->elapsed_s, campaign->time_s,
			      campaign->dir, watched->died ? watched->died : "*");
		return LAB_EXIT_HARNESS;
	}
	return code;
}

static int fuzz(const struct lab_campaign *campaign, const char *program)
{
	struct lab_fuzz_watched watched;
	struct lab_jobs jobs;
	enum lab_status status;
	char message[LAB_PATH_ROOM + 256];

	fprintf(stderr, "fuzz: fuzzer=%s engine=%s target=%s time=%" PRIu64 "s jobs=%u seed=%" PRIu64 " dir=%s\n",
		campaign->fuzzer, lab_fuzz_engine_name(campaign->engine), campaign->target, campaign->time_s,
		campaign->job_count, campaign->seed, campaign->dir);
	lab_cli_stop_catch();
	if (lab_campaign_prepare(campaign, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("fuzz: --dir: %s", message);
		return LAB_EXIT_HARNESS;
	}
	if (lab_jobs_open(&jobs) != LAB_OK) {
		lab_cli_error("fuzz: no child process: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	status = lab_campaign_start(campaign, &jobs, message, sizeof(message));
	if (status == LAB_OK)
		lab_fuzz_watch(campaign, &jobs, &watched);
	lab_jobs_close(&jobs, status == LAB_OK ? 5000 : 0);
	if (status != LAB_OK) {
		lab_cli_error("fuzz: %s", message);
		return LAB_EXIT_HARNESS;
	}
	lab_campaign_read_progress(campaign, &watched.progress);
	return finish(campaign, program, &watched);
}

static int run(int argc, const char **argv)
{
	struct request request = {.engine = "libfuzzer", .time = "60s", .jobs = "1", .target = "core", .seed = "1"};
	const struct poptOption table[] = {
		{"engine", '\0', POPT_ARG_STRING, &request.engine, 0, "libfuzzer or afl (default libfuzzer)", "ENGINE"},
		{"time", '\0', POPT_ARG_STRING, &request.time, 0, "how long (default 60s)", "TIME"},
		{"jobs", '\0', POPT_ARG_STRING, &request.jobs, 0, "how many at once (default 1)", "N"},
		{"dir", '\0', POPT_ARG_STRING, &request.dir, 0,
		 "folder of the campaign; one that exists is gone on with (default campaign-FUZZER-ENGINE)", "DIR"},
		{"target", '\0', POPT_ARG_STRING, &request.target, 0, "allocator under test (default core)", "T"},
		{"seed", '\0', POPT_ARG_STRING, &request.seed, 0, "of the engine's random choices (default 1)", "N"},
		{"corpus", '\0', POPT_ARG_STRING, &request.corpus, 0, "folder of seeds (default corpus/FUZZER)", "DIR"},
		{"fuzz-build", '\0', POPT_ARG_STRING, &request.fuzz_build, 0,
		 "build folder of the fuzz targets (default fuzz-ENGINE beside this program)", "DIR"},
		POPT_TABLEEND,
	};
	struct lab_campaign campaign = {0};
	const char **rest;
	int error = lab_cli_parse(&lab_command_fuzz, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	error = read_request(&request, rest, &campaign);
	if (!error)
		error = find_program(&request);
	if (!error)
		error = find_binary(&request, &campaign);
	if (!error)
		find_mutator(&request, &campaign);
	return error ? error : fuzz(&campaign, request.program);
}

const struct lab_command lab_command_fuzz = {
	.name = "fuzz",
	.summary = "Runs a fuzzer for a while in a folder of its own and sorts what it found.",
	.usage = "[OPTION...] FUZZER\n"
		 "  FUZZER: fuzz_scenario, fuzz_sequential, fuzz_interrupt, fuzz_text, fuzz_artifact or fuzz_arena",
	.run = run,
};
