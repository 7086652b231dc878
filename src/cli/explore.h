/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_EXPLORE_H
#define LAB_CLI_EXPLORE_H

#include "cli/trace_set.h"
#include "engine/sim.h"
#include "report/artifact.h"
#include "report/emit.h"

/* What `labyrinth explore` was asked for. */
struct lab_explore_plan {
	const struct lab_target *target;
	const char *target_name, *strategy, *from, *findings_dir;
	const char **paths;
	uint64_t schedules, time_ns, seed; /* 0: no limit of that kind */
	unsigned preemptions;              /* LAB_NOBODY: the strategy's own */
	bool hooked;                       /* the target switches at each access */
	enum lab_format format;
};

/* What came of it so far. */
struct lab_explore {
	const struct lab_explore_plan *plan;
	struct lab_emit *emit;
	struct lab_sim *sim;
	struct lab_trace_set traces;
	uint64_t started_ns, told_ns, scenarios, exhausted, schedules, bound; /* bound: as struct lab_strategy has it */
	int code;
	bool ended; /* no further scenario: a finding, a limit, or the user */
	bool told;  /* the end: before a finding's three lines, which come last */
};

/* explore_run.c: all schedules of one scenario that the plan lets it have; share: 0: as many as the strategy wants. */
void lab_explore_scenario(struct lab_explore *explore, const char *name, const struct lab_scenario *scenario,
			  uint64_t share);
/* True when a limit is reached or the user asked to end; tells how far it is when that is due. */
bool lab_explore_limit(struct lab_explore *explore);

/* explore_tell.c */
void lab_explore_tell_options(const struct lab_explore *explore);
void lab_explore_tell_progress(struct lab_explore *explore);
void lab_explore_tell_scenario(const struct lab_explore *explore, const char *name, uint64_t schedules,
			       const struct lab_strategy *strategy);
void lab_explore_tell_end(struct lab_explore *explore); /* once */

/*
 * artifact_out.c: writes an artifact that follows these choices to `path`, or, where that is NULL, into `folder` under
 * the finding's name, and prints the three lines. The exit code that it earns.
 */
struct lab_artifact_out {
	const char *command, *target, *strategy, *folder, *path;
	bool hooked;
	uint64_t seed;
	const struct lab_scenario *scenario;
	const struct lab_choices *choices;
	const struct lab_sim_result *result;
	size_t ops_before; /* of the scenario as it was found */
	enum lab_format format;
};
int lab_artifact_out(const struct lab_artifact_out *out);

#endif
