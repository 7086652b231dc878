/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/campaign.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/inputs.h"

#define ARGUMENT_MAX 32u
#define INPUT_MAX    "4096"
#define HANG_S       "10"
/* A job that ends this short before its time has ended in time. */
#define END_S 2u

/* An argument or environment list under construction. */
struct words {
	char *word[ARGUMENT_MAX + 1];
	unsigned count;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
	va_list args;
	int length;

	lab_assert_cmp(words->count, <, ARGUMENT_MAX);
	va_start(args, format);
	length = vasprintf(&words->word[words->count], format, args);
	va_end(args);
	lab_assert_cmp(length, >=, 0);
	words->word[++words->count] = NULL;
}

static void free_words(struct words *words)
{
	for (unsigned i = 0; i < words->count; i++)
		free(words->word[i]);
}

const char *lab_fuzz_engine_name(enum lab_fuzz_engine engine)
{
	return engine == LAB_FUZZ_AFL ? "afl" : "libfuzzer";
}

static void libfuzzer_words(const struct lab_campaign *campaign, unsigned index, bool fork_mode, uint64_t time_s,
			    struct words *argv, struct words *environment)
{
	add(argv, "%s", campaign->binary);
	if (fork_mode) {
		add(argv, "-fork=1");
		add(argv, "-ignore_crashes=1");
		add(argv, "-ignore_timeouts=1");
		add(argv, "-ignore_ooms=1");
	}
	add(argv, "-max_total_time=%" PRIu64, time_s);
	add(argv, "-timeout=" HANG_S);
	add(argv, "-max_len=" INPUT_MAX);
	add(argv, "-seed=%u", (unsigned)((campaign->seed + index) & 0x7fffffffu));
	add(argv, "-artifact_prefix=%s/raw/", campaign->dir);
	add(argv, "%s/corpus", campaign->dir);
	add(environment, "LABYRINTH_TARGET=%s", campaign->target);
}

static void afl_words(const struct lab_campaign *campaign, unsigned index, const char *name, struct words *argv,
		      struct words *environment)
{
	add(argv, "afl-fuzz");
	add(argv, "-i");
	add(argv, "%s/corpus", campaign->dir);
	add(argv, "-o");
	add(argv, "%s/afl", campaign->dir);
	add(argv, index ? "-S" : "-M");
	add(argv, "%s", name);
	add(argv, "-V");
	add(argv, "%" PRIu64, campaign->time_s);
	add(argv, "-s");
	add(argv, "%" PRIu64, (campaign->seed + index) & 0x7fffffffu);
	add(argv, "-G");
	add(argv, INPUT_MAX);
	add(argv, "-t");
	add(argv, HANG_S "000");
	add(argv, "--");
	add(argv, "%s", campaign->binary);
	add(environment, "LABYRINTH_TARGET=%s", campaign->target);
	if (campaign->afl_mutator)
		add(environment, "AFL_CUSTOM_MUTATOR_LIBRARY=%s", campaign->afl_mutator);
	add(environment, "AFL_NO_UI=1");
	add(environment, "AFL_AUTORESUME=1");
	add(environment, "AFL_SKIP_CPUFREQ=1");
	add(environment, "AFL_NO_AFFINITY=1");
	add(environment, "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1");
	add(environment, "ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0");
	add(environment, "UBSAN_OPTIONS=abort_on_error=1:halt_on_error=1:symbolize=0");
}

static enum lab_status start_job(const struct lab_campaign *campaign, struct lab_jobs *jobs, unsigned index,
				 bool fork_mode, uint64_t time_s, char *message, size_t room)
{
	struct words argv = {0}, environment = {0};
	char name[32], log[LAB_PATH_ROOM];
	enum lab_status status;

	if (campaign->engine == LAB_FUZZ_AFL) {
		snprintf(name, sizeof(name), index ? "afl-worker%u" : "afl-main", index);
		afl_words(campaign, index, name, &argv, &environment);
	} else {
		snprintf(name, sizeof(name), "libfuzzer%u%s", index, fork_mode ? "-fork" : "");
		libfuzzer_words(campaign, index, fork_mode, time_s, &argv, &environment);
	}
	lab_campaign_path(campaign, log, "log/%s.log", name);
	status = lab_jobs_start(jobs, name, (const char *const *)argv.word, (const char *const *)environment.word, log);
	if (status != LAB_OK)
		snprintf(message, room, "%s: cannot be started: %s", argv.word[0], strerror(errno));
	free_words(&argv);
	free_words(&environment);
	return status;
}

enum lab_status lab_campaign_start(const struct lab_campaign *campaign, struct lab_jobs *jobs, char *message,
				   size_t room)
{
	enum lab_status status = LAB_OK;

	lab_assert_cmp(campaign->job_count, <=, LAB_CAMPAIGN_JOB_MAX);
	for (unsigned i = 0; i < campaign->job_count && status == LAB_OK; i++)
		status = start_job(campaign, jobs, i, false, campaign->time_s, message, room);
	return status;
}

const char *lab_campaign_tend(const struct lab_campaign *campaign, struct lab_jobs *jobs, uint64_t elapsed_s)
{
	char message[256];

	if (elapsed_s + END_S >= campaign->time_s)
		return NULL;
	for (unsigned i = 0; i < campaign->job_count; i++) {
		struct lab_job *job = &jobs->job[i];

		if (job->pid || job->succeeded)
			continue;
		/* libFuzzer ends at the first crash: it found something, and goes on past crashes from here. */
		if (campaign->engine == LAB_FUZZ_AFL || !WIFEXITED(job->wait_status) ||
		    !WEXITSTATUS(job->wait_status) || !lab_crash_inputs_count(campaign) ||
		    start_job(campaign, jobs, i, true, campaign->time_s - elapsed_s, message, sizeof(message)) !=
			    LAB_OK)
			return job->name;
		job->succeeded = true;
	}
	for (unsigned i = campaign->job_count; i < jobs->count; i++)
		if (!jobs->job[i].pid)
			return jobs->job[i].name;
	return NULL;
}

const char *const *lab_campaign_replay_environment(const struct lab_campaign *campaign)
{
	static char target[256];
	static const char *const environment[] = {
		target, "ASAN_OPTIONS=detect_leaks=0", "UBSAN_OPTIONS=print_stacktrace=1",
		/* a module is loaded after AFL++'s runtime, here without a fork server */
		"AFL_IGNORE_PROBLEMS=1", NULL};

	snprintf(target, sizeof(target), "LABYRINTH_TARGET=%s", campaign->target);
	return environment;
}

/* The number after a word of a line, or 0. */
static uint64_t number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/*
 * "#1234 NEW cov: 10 ft: 20 corp: 5/99b exec/s: 100 ...", in fork mode "#1234: cov: ...": the last such line of a log.
 * The corpus and the edges are the greatest, since jobs share them.
 */
static bool add_libfuzzer_log(const char *path, bool superseded, struct lab_campaign_progress *progress)
{
	uint64_t runs = 0, rate = 0;
	char line[512];
	FILE *log = fopen(path, "r");

	if (!log)
		return false;
	/* Lines come every second or so: a tail this long holds one even when a crash report is at its end. */
	if (fseek(log, -(256L << 10), SEEK_END) != 0)
		(void)fseek(log, 0, SEEK_SET); /* shorter than that */
	while (fgets(line, sizeof(line), log)) {
		if (line[0] != '#' || !strstr(line, " ft: "))
			continue;
		runs = strtoull(line + 1, NULL, 10);
		rate = number_after(line, "exec/s: ");
		progress->corpus = LAB_MAX(progress->corpus, number_after(line, "corp: "));
		progress->edges = LAB_MAX(progress->edges, number_after(line, "cov: "));
	}
	fclose(log);
	progress->runs += runs;
	progress->runs_per_s += superseded ? 0 : rate;
	return true;
}

static void read_libfuzzer(const struct lab_campaign *campaign, struct lab_campaign_progress *progress)
{
	for (unsigned i = 0; i < campaign->job_count; i++) {
		char path[LAB_PATH_ROOM];
		bool forked;

		lab_campaign_path(campaign, path, "log/libfuzzer%u-fork.log", i);
		forked = add_libfuzzer_log(path, false, progress);
		lab_campaign_path(campaign, path, "log/libfuzzer%u.log", i);
		add_libfuzzer_log(path, forked, progress);
	}
}

/* Adds one instance's fuzzer_stats; the corpus and the edges are the greatest, since instances share them. */
static void add_afl_stats(const char *path, struct lab_campaign_progress *progress)
{
	FILE *stats = fopen(path, "r");
	char line[512], key[64];
	double value;

	if (!stats)
		return;
	while (fgets(line, sizeof(line), stats)) {
		if (sscanf(line, "%63s : %lf", key, &value) != 2)
			continue;
		/* Written once at the start, then each minute and at the end: the first is before anything was run. */
		if (strcmp(key, "run_time") == 0 && value < 1)
			break;
		if (strcmp(key, "execs_done") == 0)
			progress->runs += (uint64_t)value;
		else if (strcmp(key, "execs_per_sec") == 0)
			progress->runs_per_s += (uint64_t)value;
		else if (strcmp(key, "corpus_count") == 0 && (uint64_t)value > progress->corpus)
			progress->corpus = (uint64_t)value;
		else if (strcmp(key, "edges_found") == 0 && (uint64_t)value > progress->edges)
			progress->edges = (uint64_t)value;
	}
	fclose(stats);
}

static void read_afl(const struct lab_campaign *campaign, struct lab_campaign_progress *progress)
{
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *instances;

	lab_campaign_path(campaign, path, "afl");
	instances = opendir(path);
	while (instances && (entry = readdir(instances))) {
		if (entry->d_name[0] == '.')
			continue;
		lab_campaign_path(campaign, path, "afl/%s/fuzzer_stats", entry->d_name);
		add_afl_stats(path, progress);
	}
	if (instances)
		closedir(instances);
}

void lab_campaign_read_progress(const struct lab_campaign *campaign, struct lab_campaign_progress *ret_progress)
{
	struct lab_campaign_progress progress = {.crashes = lab_crash_inputs_count(campaign)};

	if (campaign->engine == LAB_FUZZ_AFL)
		read_afl(campaign, &progress);
	else
		read_libfuzzer(campaign, &progress);
	*ret_progress = progress;
}
