/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/engine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

#define INPUT_MAX "4096"
#define HANG_S    "10"

void lab_words_add(struct lab_words *words, const char *format, ...)
{
	va_list args;
	int length;

	lab_assert_cmp(words->count, <, LAB_ENGINE_WORDS);
	va_start(args, format);
	length = vasprintf(&words->word[words->count], format, args);
	va_end(args);
	lab_assert_cmp(length, >=, 0);
	words->word[++words->count] = NULL;
}

void lab_words_free(struct lab_words *words)
{
	for (unsigned i = 0; i < words->count; i++)
		free(words->word[i]);
	*words = (struct lab_words){0};
}

void lab_engine_job_init(const struct lab_campaign *campaign, unsigned index, struct lab_engine_job *ret_job)
{
	bool both = campaign->engines == LAB_FUZZ_BOTH;
	struct lab_engine_job *job = ret_job;

	*job = (struct lab_engine_job){.index = index};
	job->afl = both ? index % 2 : campaign->engines == LAB_FUZZ_AFL;
	job->of_kind = both ? index / 2 : index;
	if (!job->afl)
		snprintf(job->name, sizeof(job->name), "libfuzzer%u", job->of_kind);
	else if (!campaign->sync)
		snprintf(job->name, sizeof(job->name), job->of_kind ? "afl-worker%u" : "afl-main", job->of_kind);
	else if (job->of_kind)
		snprintf(job->name, sizeof(job->name), "worker%u-%.64s", job->of_kind, campaign->host);
	else
		snprintf(job->name, sizeof(job->name), "main-%.64s", campaign->host);
}

static void libfuzzer_words(const struct lab_campaign *campaign, const struct lab_engine_job *job,
			    struct lab_words *argv)
{
	lab_words_add(argv, "%s", campaign->libfuzzer_binary);
	if (job->past_crashes) {
		lab_words_add(argv, "-fork=1");
		lab_words_add(argv, "-ignore_crashes=1");
		lab_words_add(argv, "-ignore_timeouts=1");
		lab_words_add(argv, "-ignore_ooms=1");
	}
	lab_words_add(argv, "-max_total_time=%" PRIu64, job->time_s);
	lab_words_add(argv, "-timeout=" HANG_S);
	lab_words_add(argv, "-max_len=" INPUT_MAX);
	lab_words_add(argv, "-seed=%u", (unsigned)((campaign->seed + job->index) & 0x7fffffffu));
	lab_words_add(argv, "-artifact_prefix=%s/raw/", campaign->dir);
	lab_words_add(argv, "%s/corpus", campaign->dir);
}

/* Secondaries that all do the same find the same: each has a schedule of its own, and some look at inputs in turn. */
static void afl_variation(const struct lab_engine_job *job, struct lab_words *argv)
{
	static const char *const schedules[] = {"explore", "coe", "rare", "lin", "quad", "exploit"};

	if (!job->of_kind)
		return;
	lab_words_add(argv, "-p");
	lab_words_add(argv, "%s", schedules[(job->of_kind - 1) % LAB_ARRAY_COUNT(schedules)]);
	if (job->of_kind % 3 == 0)
		lab_words_add(argv, "-Z");
}

void lab_engine_afl_environment(struct lab_words *environment)
{
	lab_words_add(environment, "AFL_NO_UI=1");
	lab_words_add(environment, "AFL_AUTORESUME=1");
	lab_words_add(environment, "AFL_SKIP_CPUFREQ=1");
	lab_words_add(environment, "AFL_NO_AFFINITY=1");
	lab_words_add(environment, "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1");
	lab_words_add(environment, "ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0");
	lab_words_add(environment, "UBSAN_OPTIONS=abort_on_error=1:halt_on_error=1:symbolize=0");
}

static void afl_words(const struct lab_campaign *campaign, const struct lab_engine_job *job, struct lab_words *argv,
		      struct lab_words *environment)
{
	char out[LAB_PATH_ROOM];

	lab_campaign_afl_path(campaign, out, "%s", "");
	lab_words_add(argv, "afl-fuzz");
	lab_words_add(argv, "-i");
	lab_words_add(argv, "%s/corpus", campaign->dir);
	lab_words_add(argv, "-o");
	lab_words_add(argv, "%s", out);
	lab_words_add(argv, job->of_kind ? "-S" : "-M");
	lab_words_add(argv, "%s", job->name);
	if (!job->of_kind && campaign->engines == LAB_FUZZ_BOTH) {
		lab_words_add(argv, "-F");
		lab_words_add(argv, "%s/corpus", campaign->dir);
	}
	afl_variation(job, argv);
	lab_words_add(argv, "-s");
	lab_words_add(argv, "%" PRIu64, (campaign->seed + job->index) & 0x7fffffffu);
	lab_words_add(argv, "-G");
	lab_words_add(argv, INPUT_MAX);
	lab_words_add(argv, "-t");
	lab_words_add(argv, HANG_S "000");
	lab_words_add(argv, "--");
	lab_words_add(argv, "%s", campaign->afl_binary);
	if (campaign->afl_mutator)
		lab_words_add(environment, "AFL_CUSTOM_MUTATOR_LIBRARY=%s", campaign->afl_mutator);
	lab_engine_afl_environment(environment);
}

void lab_engine_words(const struct lab_campaign *campaign, const struct lab_engine_job *job, struct lab_words *argv,
		      struct lab_words *environment)
{
	lab_words_add(environment, "LABYRINTH_TARGET=%s", campaign->target);
	lab_words_add(environment, "LABYRINTH_PAIRS=%s/pairs", campaign->dir);
	if (job->afl)
		afl_words(campaign, job, argv, environment);
	else
		libfuzzer_words(campaign, job, argv);
}
