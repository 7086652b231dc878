/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_FUZZ_WATCH_H
#define LAB_CLI_FUZZ_WATCH_H

#include "campaign/campaign.h"

struct lab_fuzz_watched {
	struct lab_campaign_progress progress;
	uint64_t elapsed_s;
	const char *died; /* a job that ended long before its time, or NULL; points into the jobs */
};

/*
 * Waits until the jobs end, their time is over, or the user asks to stop; meanwhile keeps status.json fresh and says on
 * stderr how far it is: on a terminal in one line that is rewritten, else in a line every ten seconds.
 */
void lab_fuzz_watch(const struct lab_campaign *campaign, struct lab_jobs *jobs, struct lab_fuzz_watched *ret_watched);

#endif
