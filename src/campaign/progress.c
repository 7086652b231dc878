/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/progress.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "campaign/corpus.h"
#include "campaign/inputs.h"
#include "report/file.h"

/* The number after a word of a line, or 0. */
static uint64_t number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/* "#1234 NEW cov: 10 ft: 20 corp: 5/99b exec/s: 100 ...", past crashes "#1234: cov: ...": the last such line. */
static uint64_t add_log(const struct lab_campaign *campaign, const struct lab_engine_job *job,
			struct lab_progress *progress)
{
	uint64_t runs = 0, rate = 0;
	char path[LAB_PATH_ROOM], line[512];
	FILE *log;

	lab_campaign_path(campaign, path, "log/%s.log", job->name);
	log = fopen(path, "r");
	if (!log)
		return 0;
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
	progress->runs_per_s += rate;
	return runs;
}

uint64_t lab_progress_of_log(const struct lab_campaign *campaign, const struct lab_engine_job *job)
{
	struct lab_progress ignored = {0};

	return add_log(campaign, job, &ignored);
}

/* One instance's fuzzer_stats. The runs are those of all its sessions: it reads them back when it resumes. */
static void add_stats(const char *path, struct lab_progress *progress)
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

/* Only those of this host: others' instances that --sync brought here are theirs to tell of. */
static bool is_own(const struct lab_campaign *campaign, const char *instance)
{
	struct lab_engine_job job;

	for (unsigned i = 0; i < campaign->job_count; i++) {
		lab_engine_job_init(campaign, i, &job);
		if (job.afl && strcmp(job.name, instance) == 0)
			return true;
	}
	return false;
}

static void add_afl(const struct lab_campaign *campaign, struct lab_progress *progress)
{
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *instances;

	lab_campaign_afl_path(campaign, path, "%s", "");
	instances = opendir(path);
	while (instances && (entry = readdir(instances))) {
		if (entry->d_name[0] == '.' || !is_own(campaign, entry->d_name))
			continue;
		lab_campaign_afl_path(campaign, path, "%s/fuzzer_stats", entry->d_name);
		add_stats(path, progress);
	}
	if (instances)
		closedir(instances);
}

uint64_t lab_progress_afl_runs(const struct lab_campaign *campaign)
{
	struct lab_progress progress = {0};

	add_afl(campaign, &progress);
	return progress.runs;
}

/* A byte for each pair that any run of any job met: fuzz/cover.c writes it. */
static uint64_t count_pairs(const struct lab_campaign *campaign)
{
	char path[LAB_PATH_ROOM];
	uint64_t pairs = 0;
	uint8_t *bytes;
	size_t count;

	lab_campaign_path(campaign, path, "pairs");
	if (lab_file_read(path, (size_t)1 << 20, &bytes, &count) != LAB_OK)
		return 0;
	for (size_t i = 0; i < count; i++)
		pairs += bytes[i] != 0;
	free(bytes);
	return pairs;
}

void lab_progress_read(const struct lab_campaign *campaign, const struct lab_crew *crew, uint64_t runs_before,
		       struct lab_progress *ret_progress)
{
	struct lab_progress progress = {.runs = runs_before, .crashes = lab_crash_inputs_count(campaign)};

	for (unsigned i = 0; i < crew->count; i++) {
		const struct lab_crew_member *member = &crew->member[i];

		if (member->job.afl)
			continue;
		progress.runs += member->runs_before;
		if (crew->jobs.job[i].pid || !member->not_before_ns)
			progress.runs += add_log(campaign, &member->job, &progress);
	}
	if (campaign->engines & LAB_FUZZ_AFL)
		add_afl(campaign, &progress);
	if (!progress.corpus)
		progress.corpus = lab_corpus_count(campaign);
	progress.pairs = count_pairs(campaign);
	*ret_progress = progress;
}
