/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_REPLAY_RUN_H
#define LAB_CLI_REPLAY_RUN_H

#include "engine/sim.h"
#include "report/artifact.h"

/* What is printed of the first run: nothing, each event, or its steps in columns. */
enum lab_replay_story { LAB_REPLAY_SILENT, LAB_REPLAY_TRACE, LAB_REPLAY_LANES };

/* What came of running a test case twice in a child process. */
struct lab_replay_outcome {
	enum lab_status status;              /* not LAB_OK: the engine could not run it */
	struct lab_sim_result first, second; /* of a crash or hang only `found` and `finding` of the first */
	struct lab_divergence divergence;    /* of the first run; its text is static */
	bool survived;                       /* false: R00 or R09, judged by how the child ended */
};

struct lab_replay_way {
	unsigned cpu_seconds; /* CPU time after which it is R09 */
	bool sequential;      /* one call at a time and no interrupts, as fuzz_sequential runs it */
	enum lab_replay_story story;
};

/*
 * Runs an artifact's scenario, under its choices if it follows them, twice, each time from a fresh instance, in a
 * child, so that what a target does to its process is a finding and not the end. There are no lanes of what follows no
 * choices. LAB_SYSTEM: errno, no child could be had.
 */
LAB_MUST_USE enum lab_status lab_replay_run(const struct lab_target *target, const struct lab_artifact *artifact,
					    const struct lab_replay_way *way, struct lab_replay_outcome *ret_outcome);

#endif
