/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_VERDICT_H
#define LAB_CAMPAIGN_VERDICT_H

#include "campaign/campaign.h"
#include "oracle/finding.h"

#define LAB_REPLAY_LIMIT_S 30u
#define LAB_VERDICT_STACK  192u

/* What one run of one input showed. */
struct lab_verdict {
	bool found; /* it did not run through */
	bool named; /* the output names the rule; else it is derived from how the process ended */
	int code;   /* that the process ended with; -1: by a signal */
	struct lab_finding finding;
	/* Of a crash: the innermost functions, "f < g < h", without addresses; "" where the output has none. */
	char stack[LAB_VERDICT_STACK];
};

/* The environment that fuzz targets run in outside of an engine: NULL terminated, valid until the next call. */
const char *const *lab_verdict_environment(const struct lab_campaign *campaign);

/* Runs argv, its output in log_path, and judges. LAB_SYSTEM: errno; else as lab_jobs_run. May sleep. */
LAB_MUST_USE enum lab_status lab_verdict_of(const struct lab_campaign *campaign, const char *const *argv,
					    const char *log_path, struct lab_verdict *ret_verdict);
/* The same of the fuzz target over one input, in log/replay.log. */
LAB_MUST_USE enum lab_status lab_verdict_of_input(const struct lab_campaign *campaign, const char *path,
						  struct lab_verdict *ret_verdict);

/* "finding: R01 slug detail": the line that every driver prints. False: it is another line. */
bool lab_verdict_parse(const char *line, struct lab_finding *finding);

/* The same rule, and of crashes the same place. */
bool lab_verdict_is(const struct lab_verdict *verdict, const struct lab_verdict *other);

#endif
