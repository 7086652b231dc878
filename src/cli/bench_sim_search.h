/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_SIM_SEARCH_H
#define LAB_CLI_BENCH_SIM_SEARCH_H

#include "cli/bench_sim.h"
#include "engine/sim.h"

/* A program made ready to run. */
struct lab_bench_sim_rig {
	const struct lab_bench_sim_program *program;
	struct lab_sim *sim;
	struct lab_scenario scenario;
};

/* message: one line where the status is not LAB_OK. May sleep. */
LAB_MUST_USE enum lab_status lab_bench_sim_rig_open(struct lab_bench_sim_rig *rig,
						    const struct lab_bench_sim_program *program, char *message,
						    size_t room);
void lab_bench_sim_rig_close(struct lab_bench_sim_rig *rig);

/* One search of a program's schedules. */
struct lab_bench_sim_search {
	const char *strategy; /* NULL: the engine's own way, which is one schedule, again and again */
	uint64_t seed;
	uint64_t schedules_most, ns_most; /* it ends behind them; ns of thread CPU time */
	bool settled;                     /* as struct lab_sim_options has it; done anew when it was outgrown */
	bool repeats;                     /* a search that came to its end begins again */
	bool (*stopped)(void);
	/* What came of it. */
	uint64_t schedules, steps, ns;
	uint64_t within[LAB_BENCH_SIM_BOUNDS]; /* of `bound`: runs of each bound that is complete */
	unsigned bounds;
	bool complete;
	enum lab_rule rule; /* of the finding that ended it; LAB_RULE_COUNT: none */
};
LAB_MUST_USE enum lab_status lab_bench_sim_search(struct lab_bench_sim_rig *rig, struct lab_bench_sim_search *search);

#endif
