/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_CAMPAIGN_H
#define LAB_CAMPAIGN_CAMPAIGN_H

#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

#include "campaign/jobs.h"

/*
 * One fuzz run in a folder of its own:
 *
 *   campaign.json   what was asked for, and of which binary
 *   status.json     how far it is; rewritten every few seconds, whole or not at all
 *   corpus/         the inputs, those of the seeds included
 *   findings/       one folder for each defect: RULE-HASH/
 *   log/            what each job printed
 *   raw/            inputs as libFuzzer left them
 *   afl/            AFL++'s own state
 *
 * The same command on an existing folder goes on with its corpus.
 */
#define LAB_PATH_ROOM 4096u
/* Each may have a successor. */
#define LAB_CAMPAIGN_JOB_MAX (LAB_JOB_MAX / 2)

enum lab_fuzz_engine { LAB_FUZZ_LIBFUZZER, LAB_FUZZ_AFL };

struct lab_campaign {
	const char *fuzzer, *target;
	enum lab_fuzz_engine engine;
	const char *binary;      /* the fuzz target as this engine wants it */
	const char *afl_mutator; /* the library of edits that know scenarios; NULL: bytes only */
	const char *seeds;       /* folder, or NULL */
	const char *dir;
	unsigned job_count;
	uint64_t time_s, seed;
};

struct lab_campaign_progress {
	uint64_t runs, runs_per_s, corpus, edges, crashes;
};

const char *lab_fuzz_engine_name(enum lab_fuzz_engine engine);

/* dir/name, formatted; a path that does not fit is a broken promise: the caller checks dir's length once. */
void lab_campaign_path(const struct lab_campaign *campaign, char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Makes the folders, copies new seeds, writes campaign.json. Otherwise message says in one line what failed. */
LAB_MUST_USE enum lab_status lab_campaign_prepare(const struct lab_campaign *campaign, char *message, size_t room);

/* Writes status.json. state: "running", "done" or "stopped". */
LAB_MUST_USE enum lab_status lab_campaign_write_status(const struct lab_campaign *campaign, const char *state,
						       uint64_t elapsed_s, unsigned running,
						       const struct lab_campaign_progress *progress);

/* Brings what AFL++ found worth keeping into corpus/, named by content. */
LAB_MUST_USE enum lab_status lab_campaign_keep_corpus(const struct lab_campaign *campaign);

/* Starts the engine's jobs. Otherwise message says in one line which program was refused and why. */
LAB_MUST_USE enum lab_status lab_campaign_start(const struct lab_campaign *campaign, struct lab_jobs *jobs,
						char *message, size_t room);

/*
 * Looks after the jobs once lab_jobs_poll has been called: libFuzzer ends at its first crash, since the mode in which
 * it goes on costs it two thirds of its speed; such a job gets a successor in that mode for the time that is left.
 * Answers the name of a job that ended long before its time for another reason, or NULL; it points into the jobs.
 */
const char *lab_campaign_tend(const struct lab_campaign *campaign, struct lab_jobs *jobs, uint64_t elapsed_s);

/* How far the jobs are, read from what they print; a number that is not known yet is 0. */
void lab_campaign_read_progress(const struct lab_campaign *campaign, struct lab_campaign_progress *ret_progress);

/* The environment that the fuzz target is replayed in: NULL terminated, valid for the life of the campaign. */
const char *const *lab_campaign_replay_environment(const struct lab_campaign *campaign);

#endif
