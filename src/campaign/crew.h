/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_CREW_H
#define LAB_CAMPAIGN_CREW_H

#include "campaign/engine.h"
#include "campaign/jobs.h"

/*
 * The engines' jobs of a campaign, kept running: one that ends before its time is started again, later each time that
 * it ended soon after its start.
 */
struct lab_crew_member {
	struct lab_engine_job job;
	uint64_t started_ns;
	uint64_t not_before_ns; /* it is not started again before then; 0: it runs */
	unsigned failures;      /* in a row, soon after the start */
	unsigned restarts;      /* after it had died; not where libFuzzer goes on past its first crash */
	uint64_t runs_before;   /* of the processes before the present one; AFL++ remembers its own */
	char died[96];          /* how it ended last; "" never before its time */
};

struct lab_crew {
	struct lab_jobs jobs;
	unsigned count, running, restarts;
	bool wants_sieve; /* what a job starts from may be what ends it: lab_corpus_sieve, once nothing else is under
			     way */
	struct lab_crew_member member[LAB_CAMPAIGN_JOB_MAX];
};

/* Starts all. Otherwise message says in one line which program was refused and why, and nothing runs. */
LAB_MUST_USE enum lab_status lab_crew_open(struct lab_crew *crew, const struct lab_campaign *campaign, char *message,
					   size_t room);

/* Looks after them; left_s: of the campaign's time. Answers one that died since the last call, or NULL. */
const struct lab_crew_member *lab_crew_tend(struct lab_crew *crew, const struct lab_campaign *campaign,
					    uint64_t left_s);

/* True: one failed so often in a row that another start will not help. */
bool lab_crew_is_hopeless(const struct lab_crew *crew);

void lab_crew_close(struct lab_crew *crew);

#endif
