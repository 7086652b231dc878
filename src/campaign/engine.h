/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_ENGINE_H
#define LAB_CAMPAIGN_ENGINE_H

#include "campaign/campaign.h"

/* How each engine is started. */

#define LAB_ENGINE_WORDS 48u
/* Within a campaign's file names. */
#define LAB_ENGINE_NAME 96u

/* An argument or environment list: NULL terminated. */
struct lab_words {
	char *word[LAB_ENGINE_WORDS + 1];
	unsigned count;
};

struct lab_engine_job {
	bool afl;
	unsigned index;    /* among all jobs */
	unsigned of_kind;  /* among those of its engine */
	bool past_crashes; /* libFuzzer's mode that goes on past crashes */
	uint64_t time_s;   /* after which libFuzzer ends by itself */
	char name[LAB_ENGINE_NAME];
};

void lab_words_add(struct lab_words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lab_words_free(struct lab_words *words);

/* Of the jobs, those with even numbers are libFuzzer's under `both`. Sets all but past_crashes and time_s. */
void lab_engine_job_init(const struct lab_campaign *campaign, unsigned index, struct lab_engine_job *ret_job);

/* What afl-fuzz wants in its environment wherever it runs. */
void lab_engine_afl_environment(struct lab_words *environment);

/* The command and what it has in its environment; the caller's to free. */
void lab_engine_words(const struct lab_campaign *campaign, const struct lab_engine_job *job, struct lab_words *argv,
		      struct lab_words *environment);

#endif
