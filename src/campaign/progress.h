/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_PROGRESS_H
#define LAB_CAMPAIGN_PROGRESS_H

#include "campaign/crew.h"

/* How far the engines are, from what they print; a number that is not known yet is 0. */
struct lab_progress {
	uint64_t runs, runs_per_s;
	uint64_t corpus;  /* inputs worth keeping */
	uint64_t edges;   /* of code: the greatest that an engine tells of */
	uint64_t pairs;   /* reads that met a write, by code, of all jobs together */
	uint64_t crashes; /* inputs put aside */
};

/* before: of earlier sessions of the campaign. */
void lab_progress_read(const struct lab_campaign *campaign, const struct lab_crew *crew, uint64_t runs_before,
		       struct lab_progress *ret_progress);

/* Runs of libFuzzer's present process. */
uint64_t lab_progress_of_log(const struct lab_campaign *campaign, const struct lab_engine_job *job);

/* What AFL++'s instances in the folder have run in all sessions. */
uint64_t lab_progress_afl_runs(const struct lab_campaign *campaign);

#endif
