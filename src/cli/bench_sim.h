/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_SIM_H
#define LAB_CLI_BENCH_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

#include "oracle/rule.h"
#include "report/emit.h"

/*
 * What the deterministic engine does in a second, and what its strategies find: on fixed small programs, and on the
 * built-in targets. All by thread CPU time, on one processor.
 */
#define LAB_BENCH_SIM_STRATEGIES 9u /* all that there are, and the engine's own way */
#define LAB_BENCH_SIM_BOUNDS     3u /* 0, 1 and 2 preemptions */

/* bench_sim_programs.c */
struct lab_bench_sim_program {
	const char *name, *module; /* module: as lab_target_find_module takes it */
	const char *text;          /* the scenario */
	bool clean;                /* no schedule of it breaks a rule; otherwise one does */
	bool counted;              /* clean: its schedules are counted, and searched until none is left */
};
extern const struct lab_bench_sim_program lab_bench_sim_programs[];
extern const size_t lab_bench_sim_program_count;

struct lab_bench_sim_plan {
	unsigned rounds;    /* samples of each speed, and seeds of each random search for a bug */
	uint64_t sample_ns; /* of one sample */
	uint64_t search_ns; /* after which a search that is to come to its end is given up */
	uint64_t limit;     /* schedules after which a search for a bug is given up */
	uint64_t seed;
	const char *only;      /* programs of this name; NULL: all */
	bool (*stopped)(void); /* asked now and then: true ends the bench with what is measured by then */
};

struct lab_bench_sim_speed {
	const char *strategy;           /* "none": the engine's own way */
	double schedules, steps, ratio; /* a second, medians; ratio: median of schedules to none's in the round */
	double *samples;                /* one a round */
};

struct lab_bench_sim_first {
	const char *strategy;
	unsigned tries, found; /* with a seed each; how many came to a bug within the limit */
	uint64_t median;       /* of the schedules up to the bug, the limit where there was none; 0: none in most */
};

/* What came of one program. */
struct lab_bench_sim_case {
	const struct lab_bench_sim_program *program;
	struct lab_bench_sim_speed speeds[LAB_BENCH_SIM_STRATEGIES]; /* clean */
	struct lab_bench_sim_first firsts[LAB_BENCH_SIM_STRATEGIES]; /* not clean */
	enum lab_rule rule;                                          /* that was broken; LAB_RULE_COUNT: none */
	uint64_t within[LAB_BENCH_SIM_BOUNDS]; /* counted: schedules with at most so many preemptions */
	unsigned bounds;                       /* how many of these are known */
	uint64_t dpor;                         /* schedules that it ran */
	bool exhausted;                        /* and came to its end */
};

struct lab_bench_sim_result {
	double switch_ns; /* a coroutine's switch: the floor */
	struct lab_bench_sim_case *cases;
	size_t case_count;
	unsigned rounds; /* that were whole */
};

/*
 * bench_sim_run.c. LAB_OK: *ret_result is the caller's, to give back with lab_bench_sim_free. Any other status: nothing
 * is, and message says in one line what refused what. May sleep.
 */
LAB_MUST_USE enum lab_status lab_bench_sim(const struct lab_bench_sim_plan *plan,
					   struct lab_bench_sim_result *ret_result, char *message, size_t room);
void lab_bench_sim_free(struct lab_bench_sim_result *result);

/* bench_sim_tell.c */
void lab_bench_sim_tell(const struct lab_bench_sim_plan *plan, const struct lab_bench_sim_result *result,
			enum lab_format format);

#endif
