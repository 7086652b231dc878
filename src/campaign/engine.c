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
#include <unistd.h>

#include "base/assert.h"

#define ARGUMENT_MAX 32u
#define INPUT_MAX    "4096"
#define HANG_S       "10"

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

/* Fork mode even for one job: it goes on past a crash. */
static void libfuzzer_words(const struct lab_campaign *campaign, struct words *argv, struct words *environment)
{
	add(argv, "%s", campaign->binary);
	add(argv, "-fork=%u", campaign->job_count);
	add(argv, "-ignore_crashes=1");
	add(argv, "-ignore_timeouts=1");
	add(argv, "-ignore_ooms=1");
	add(argv, "-max_total_time=%" PRIu64, campaign->time_s);
	add(argv, "-timeout=" HANG_S);
	add(argv, "-max_len=" INPUT_MAX);
	add(argv, "-seed=%u", (unsigned)(campaign->seed & 0x7fffffffu));
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

enum lab_status lab_campaign_start(const struct lab_campaign *campaign, struct lab_jobs *jobs, char *message,
				   size_t room)
{
	unsigned processes = campaign->engine == LAB_FUZZ_AFL ? campaign->job_count : 1;
	enum lab_status status = LAB_OK;

	for (unsigned i = 0; i < processes && status == LAB_OK; i++) {
		struct words argv = {0}, environment = {0};
		char name[32] = "libfuzzer", log[LAB_PATH_ROOM];

		if (campaign->engine == LAB_FUZZ_AFL) {
			snprintf(name, sizeof(name), i ? "afl-worker%u" : "afl-main", i);
			afl_words(campaign, i, name, &argv, &environment);
		} else {
			libfuzzer_words(campaign, &argv, &environment);
		}
		lab_campaign_path(campaign, log, "log/%s.log", name);
		status = lab_jobs_start(jobs, name, (const char *const *)argv.word,
					(const char *const *)environment.word, log);
		if (status != LAB_OK)
			snprintf(message, room, "%s: cannot be started: %s", argv.word[0], strerror(errno));
		free_words(&argv);
		free_words(&environment);
	}
	return status;
}

const char *const *lab_campaign_replay_environment(const struct lab_campaign *campaign)
{
	static char target[256];
	static const char *const environment[] = {target, "ASAN_OPTIONS=detect_leaks=0",
						  "UBSAN_OPTIONS=print_stacktrace=1", NULL};

	snprintf(target, sizeof(target), "LABYRINTH_TARGET=%s", campaign->target);
	return environment;
}

/* "#1234: cov: 10 ft: 20 corp: 5 exec/s: 100 oom/timeout/crash: 0/0/1 ...": the last such line of the log. */
static void read_libfuzzer(const struct lab_campaign *campaign, struct lab_campaign_progress *progress)
{
	char path[LAB_PATH_ROOM], line[512];
	FILE *log;

	lab_campaign_path(campaign, path, "log/libfuzzer.log");
	log = fopen(path, "r");
	if (!log)
		return;
	/* Lines come every second or so: a tail this long holds one even when a crash report is at its end. */
	if (fseek(log, -(256L << 10), SEEK_END) != 0)
		(void)fseek(log, 0, SEEK_SET); /* shorter than that */
	while (fgets(line, sizeof(line), log)) {
		uint64_t runs, edges, features, corpus, rate, ooms, timeouts, crashes;

		if (sscanf(line,
			   "#%" SCNu64 ": cov: %" SCNu64 " ft: %" SCNu64 " corp: %" SCNu64 " exec/s: %" SCNu64
			   " oom/timeout/crash: %" SCNu64 "/%" SCNu64 "/%" SCNu64,
			   &runs, &edges, &features, &corpus, &rate, &ooms, &timeouts, &crashes) == 8)
			*progress = (struct lab_campaign_progress){.runs = runs,
								   .runs_per_s = rate,
								   .corpus = corpus,
								   .edges = edges,
								   .crashes = ooms + timeouts + crashes};
	}
	fclose(log);
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
		if (strcmp(key, "execs_done") == 0)
			progress->runs += (uint64_t)value;
		else if (strcmp(key, "execs_per_sec") == 0)
			progress->runs_per_s += (uint64_t)value;
		else if (strcmp(key, "saved_crashes") == 0 || strcmp(key, "saved_hangs") == 0)
			progress->crashes += (uint64_t)value;
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
	struct lab_campaign_progress progress = {0};

	if (campaign->engine == LAB_FUZZ_AFL)
		read_afl(campaign, &progress);
	else
		read_libfuzzer(campaign, &progress);
	*ret_progress = progress;
}
