/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_H
#define LAB_CLI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/target.h>

#include "report/emit.h"

/* What one alloc+free pair costs, by pattern, order and threads, and two compare-and-swaps in the same run. */

#define LAB_BENCH_THREAD_MAX 2u

enum lab_bench_pattern {
	LAB_BENCH_REPEAT, /* one pair again and again */
	LAB_BENCH_BULK,   /* many blocks, then all are freed in the order they were taken */
	LAB_BENCH_RANDOM, /* the same, freed in random order */
	LAB_BENCH_FULL90, /* filled, a tenth freed at random; then again and again one at random is freed for a new one
			   */
	LAB_BENCH_PATTERN_COUNT
};

struct lab_bench_case {
	const struct lab_target *target; /* NULL: the floor, two uncontended compare-and-swaps */
	enum lab_bench_pattern pattern;
	unsigned order, threads;
	double *ns; /* of thread CPU time a pair, one for each round */
	double ns_median, ns_least;
	/* Medians of ns / what the floor, and what the first target took in the same round. */
	double ratio_to_floor, ratio_to_first;
	double spread; /* of ratio_to_first: what the middle half of the rounds spans, as a part of the median */
};

struct lab_bench_plan {
	const struct lab_target *const *targets; /* at least one; the others are compared to the first */
	size_t target_count;
	unsigned patterns; /* bits by enum lab_bench_pattern */
	unsigned rounds, thread_max;
	uint64_t pairs;        /* least in a sample of order 0, for each thread; an eighth of it for order 9 */
	uint64_t seed;         /* of the order of the samples and of the frees */
	bool (*stopped)(void); /* asked between rounds: true ends the run with what is measured by then */
};

struct lab_bench_result {
	struct lab_bench_case *cases;
	size_t case_count;
	unsigned rounds; /* measured */
	double load; /* average of the minute before the end: how many others wanted a processor, this one included */
};

/*
 * Measures. LAB_OK: *ret_result is the caller's, to give back with lab_bench_result_free. Any other status: nothing is,
 * and message says in one line what refused what. May sleep; starts and joins threads.
 */
LAB_MUST_USE enum lab_status lab_bench_alloc(const struct lab_bench_plan *plan, struct lab_bench_result *ret_result,
					     char *message, size_t room);
void lab_bench_result_free(struct lab_bench_result *result);

/*
 * bench_plan.c: which targets and patterns; NULL: all that there are. 0, or LAB_EXIT_USAGE after one line on stderr.
 * The targets live until the process ends; once a process.
 */
int lab_bench_plan_lists(struct lab_bench_plan *plan, const char *target_list, const char *pattern_list);

/* True for what lab_target_open_hooked takes and whose accesses are told; else one line on stderr. May sleep. */
bool lab_bench_is_hooked(const char *word);

/* bench_tell.c: the result as a table, or a record for each case. */
void lab_bench_tell(const struct lab_bench_plan *plan, const struct lab_bench_result *result, enum lab_format format);

const char *lab_bench_pattern_name(enum lab_bench_pattern pattern);

/* What a target needs of a host when nothing interrupts it: real locks, no interrupts, nobody to wake. */
extern const struct lab_host lab_bench_host;
/* The calling thread's CPU, as lab_bench_host.cpu answers it. */
void lab_bench_set_cpu(unsigned cpu);

#endif
