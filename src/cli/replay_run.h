/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_REPLAY_RUN_H
#define LAB_CLI_REPLAY_RUN_H

#include "engine/isolate.h"
#include "report/artifact.h"
#include "story/story.h"

/* What came of running a test case again and again. */
struct lab_replay_outcome {
	enum lab_status status; /* not LAB_OK: the engine could not run it */
	struct lab_sim_result first;
	uint64_t runs, agreed;            /* agreed: the first one and those that came to the same */
	uint64_t other_run;               /* the first that did not; 0: none */
	struct lab_sim_result other;      /* and what it came to */
	struct lab_finding unsteady;      /* then: R17 */
	struct lab_crash_stack crash;     /* of the last run that took its process along */
	struct lab_divergence divergence; /* the first that was met; its text is static */
};

struct lab_replay_way {
	uint64_t cpu_ns; /* CPU time after which a run is R09 */
	uint64_t times;
	bool sequential;         /* one call at a time and no interrupts, as fuzz_sequential runs it */
	bool trace;              /* print each event of the first run */
	struct lab_story *story; /* is told the steps of the first run; NULL: nobody is */
};

/*
 * Runs an artifact's scenario, under its choices if it follows them, each time from a fresh instance, in children, so
 * that what a target does to its process is a finding and not the end. LAB_SYSTEM: errno, no child could be had.
 */
LAB_MUST_USE enum lab_status lab_replay_run(const struct lab_target *target, const struct lab_artifact *artifact,
					    const struct lab_replay_way *way, struct lab_replay_outcome *ret_outcome);

#endif
