/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "campaign/record.h"
#include "cli/cli.h"
#include "cli/stop.h"

#define COMMAND    (&lab_command_fuzz)
#define TIME_S_MAX UINT64_C(31536000)
/* What is granted after the end to replay what was found last; less for who asked to end. */
#define FINISH_S  600u
#define STOPPED_S 60u

const char *const lab_fuzz_fuzzers[] = {
	"fuzz_scenario", "fuzz_sequential", "fuzz_interrupt", "fuzz_text", "fuzz_artifact", "fuzz_arena", NULL};

/* The options as they were written; NULL: not given. */
struct words {
	const char *engine, *time, *jobs, *dir, *target, *seed, *fuzz_build, *corpus, *sync, *host, *sarif;
	int ci, stop_on_finding;
};

static int check_target(const struct words *words, struct lab_campaign *campaign)
{
	const struct lab_target *target;

	campaign->target = words->target;
	return lab_cli_target(&lab_command_fuzz, words->target, &target);
}

static int take_time(const struct words *words, struct lab_campaign *campaign)
{
	uint64_t time_ns;

	if (lab_cli_duration(words->time, &time_ns) || time_ns < UINT64_C(1000000000) ||
	    time_ns / UINT64_C(1000000000) > TIME_S_MAX) {
		lab_cli_error("fuzz: --time: '%s': expected a duration from 1s to a year, such as 30s, 5m or 2h",
			      words->time);
		return LAB_EXIT_USAGE;
	}
	campaign->time_s = time_ns / UINT64_C(1000000000);
	return 0;
}

static int check_path(const char *option, const char *path)
{
	if (!path || (path[0] && strlen(path) <= LAB_CAMPAIGN_DIR_MAX))
		return 0;
	lab_cli_error("fuzz: %s: %zu characters: expected 1 to %u", option, strlen(path), LAB_CAMPAIGN_DIR_MAX);
	return LAB_EXIT_USAGE;
}

static int take_sync(const struct words *words, struct lab_fuzz_plan *plan)
{
	struct lab_campaign *campaign = &plan->campaign;

	campaign->sync = words->sync;
	campaign->host = plan->host;
	if (gethostname(plan->host, sizeof(plan->host) - 1) != 0)
		snprintf(plan->host, sizeof(plan->host), "host");
	if (words->host)
		snprintf(plan->host, sizeof(plan->host), "%s", words->host);
	if ((words->sync || words->host) && !(words->sync && campaign->engines & LAB_FUZZ_AFL)) {
		lab_cli_error("fuzz: %s: '%s': expected --sync with --engine afl or both",
			      words->sync ? "--sync" : "--host", words->sync ? words->sync : words->host);
		return LAB_EXIT_USAGE;
	}
	if (words->host && (strlen(words->host) >= sizeof(plan->host) || words->host[strcspn(words->host, "/ ")])) {
		lab_cli_error("fuzz: --host: '%s': expected a name of at most %zu characters, without / or blank",
			      words->host, sizeof(plan->host) - 1);
		return LAB_EXIT_USAGE;
	}
	return 0;
}

static int take_words(const struct words *words, const char **rest, struct lab_fuzz_plan *plan)
{
	static const char *const engines[] = {"libfuzzer", "afl", "both", NULL};
	struct lab_campaign *campaign = &plan->campaign;
	uint64_t jobs = 0;
	unsigned index;

	campaign->command = "fuzz";
	campaign->commit = lab_cli_commit;
	if (lab_cli_choice(COMMAND, "FUZZER", rest[0] ? rest[0] : "fuzz_scenario", lab_fuzz_fuzzers, &index))
		return LAB_EXIT_USAGE;
	campaign->fuzzer = lab_fuzz_fuzzers[index];
	if ((rest[0] && lab_cli_no_arguments(COMMAND, rest + 1)) ||
	    lab_cli_choice(COMMAND, "--engine", words->engine, engines, &index) ||
	    lab_cli_number(COMMAND, "--jobs",
			   words->jobs  ? words->jobs
			   : index == 2 ? "2"
					: "1",
			   index == 2 ? 2 : 1, LAB_CAMPAIGN_JOB_MAX, &jobs) ||
	    lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT32_MAX, &campaign->seed) ||
	    take_time(words, campaign) || check_path("--dir", words->dir) || check_path("--sync", words->sync))
		return LAB_EXIT_USAGE;
	campaign->engines = index + 1;
	campaign->job_count = (unsigned)jobs;
	snprintf(plan->folder, sizeof(plan->folder), "campaign-%s-%s", campaign->fuzzer,
		 lab_fuzz_engine_name(campaign->engines));
	campaign->dir = words->dir ? words->dir : plan->folder;
	plan->ci = words->ci != 0;
	plan->stop_on_finding = words->stop_on_finding != 0;
	plan->sarif = words->sarif;
	return take_sync(words, plan) ? LAB_EXIT_USAGE : check_target(words, campaign);
}

/* 0: the session runs in its folder. */
static int open_folder(struct lab_fuzz_plan *plan, struct lab_session *session)
{
	struct lab_campaign *campaign = &plan->campaign;
	char message[LAB_PATH_ROOM + 256];

	if (lab_campaign_lock(campaign, message, sizeof(message)) != LAB_OK ||
	    lab_campaign_prepare(campaign, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("fuzz: --dir: %s", message);
		return LAB_EXIT_HARNESS;
	}
	if (lab_record_fuzz(campaign, LAB_VERSION) != LAB_OK) {
		lab_cli_error("fuzz: --dir: %s/campaign.json: cannot be written: %s", campaign->dir, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	if (lab_session_open(session, campaign, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("fuzz: %s", message);
		return LAB_EXIT_HARNESS;
	}
	return 0;
}

static int fuzz(struct lab_fuzz_plan *plan)
{
	static struct lab_session session;
	const struct lab_campaign *campaign = &plan->campaign;
	const char *why;
	bool written, stopped;
	int code;

	fprintf(stderr, "fuzz: fuzzer=%s engine=%s target=%s time=%" PRIu64 "s jobs=%u seed=%" PRIu64 " dir=%s\n",
		campaign->fuzzer, lab_fuzz_engine_name(campaign->engines), campaign->target, campaign->time_s,
		campaign->job_count, campaign->seed, campaign->dir);
	lab_cli_stop_catch();
	code = open_folder(plan, &session);
	if (code)
		return code;
	why = lab_fuzz_watch(plan, &session);
	stopped = lab_cli_stop_asked();
	written = lab_session_finish(&session,
				     stopped                       ? "stopped"
				     : why && strcmp(why, "found") ? "failed"
								   : "done",
				     why ? STOPPED_S : FINISH_S, !why);
	if (isatty(STDERR_FILENO) && !plan->ci)
		fputc('\n', stderr);
	code = lab_fuzz_tell(plan, &session);
	if (!written)
		lab_cli_error(
			"fuzz: %s: what was found cannot be written: %s: it is safe in raw/ and afl/, and the same "
			"command goes on",
			campaign->dir, strerror(session.error));
	else if (why && !stopped && strcmp(why, "found") != 0)
		lab_cli_error("fuzz: ended after %" PRIu64 " s of %" PRIu64 ": %s: %s/log tells more",
			      session.elapsed_s, campaign->time_s, why, campaign->dir);
	else if (!session.progress.runs && !stopped && !code)
		lab_cli_error("fuzz: nothing was run: %s/log tells why", campaign->dir);
	else
		why = NULL;
	lab_session_close(&session);
	if ((!written || why || !session.progress.runs) && !stopped && code == LAB_EXIT_CLEAN)
		code = LAB_EXIT_HARNESS;
	return code;
}

static int run(int argc, const char **argv)
{
	static struct lab_fuzz_plan plan;
	static struct words words = {.engine = "libfuzzer", .time = "60s", .target = "core", .seed = "1"};
	const struct poptOption table[] = {
		{"engine", '\0', POPT_ARG_STRING, &words.engine, 0,
		 "libfuzzer, afl, or both on one corpus (default libfuzzer)", "ENGINE"},
		{"time", '\0', POPT_ARG_STRING, &words.time, 0, "how long (default 60s)", "TIME"},
		{"jobs", '\0', POPT_ARG_STRING, &words.jobs, 0, "how many at once (default 1; 2 for both)", "N"},
		{"dir", '\0', POPT_ARG_STRING, &words.dir, 0,
		 "folder of the campaign; one that exists is gone on with (default campaign-FUZZER-ENGINE)", "DIR"},
		{"target", '\0', POPT_ARG_STRING, &words.target, 0, "allocator under test (default core)", "T"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of the engine's random choices (default 1)", "N"},
		{"corpus", '\0', POPT_ARG_STRING, &words.corpus, 0, "folder of seeds (default corpus/FUZZER)", "DIR"},
		{"fuzz-build", '\0', POPT_ARG_STRING, &words.fuzz_build, 0,
		 "build folder of the fuzz targets, or one that has fuzz-ENGINE in it (default beside this program)",
		 "DIR"},
		{"stop-on-finding", '\0', POPT_ARG_NONE, &words.stop_on_finding, 0, "end at the first finding", NULL},
		{"ci", '\0', POPT_ARG_NONE, &words.ci, 0, "a compact verdict, and little on the way to it", NULL},
		{"sarif", '\0', POPT_ARG_STRING, &words.sarif, 0, "write the findings there as SARIF", "FILE"},
		{"sync", '\0', POPT_ARG_STRING, &words.sync, 0, "AFL++'s folder, which hosts exchange", "DIR"},
		{"host", '\0', POPT_ARG_STRING, &words.host, 0, "this host's name there (default: its own)", "NAME"},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	error = take_words(&words, rest, &plan);
	if (!error)
		error = lab_fuzz_find(&plan, words.fuzz_build, words.corpus);
	return error ? error : fuzz(&plan);
}

const struct lab_command lab_command_fuzz = {
	.name = "fuzz",
	.summary = "Runs fuzzers for a while in a folder of its own and sorts what they found.",
	.usage = "[OPTION...] [FUZZER]\n"
		 "  FUZZER: fuzz_scenario (default), fuzz_sequential, fuzz_interrupt, fuzz_text, fuzz_artifact or "
		 "fuzz_arena",
	.run = run,
};
