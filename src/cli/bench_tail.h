/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_TAIL_H
#define LAB_CLI_BENCH_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/diagnose.h>

#include "engine/live.h"
#include "report/emit.h"
#include "report/histogram.h"

/*
 * The longest atomic request for one frame: in steps, over explored schedules of contexts that interrupt one another,
 * beside the bound that the reference allocator tells; and in time, with threads and signals.
 */

/* A story: a scenario that is explored. */
#define LAB_TAIL_STORIES 4u
struct lab_tail_story {
	const char *name;
	unsigned cpus;
	struct lab_step_bound bound;
	uint64_t schedules, calls; /* calls: atomic requests for one frame, served or not */
	uint64_t own, with_others; /* longest: own steps; with those of who interrupted it */
	uint64_t writes;           /* of others, during the call that had the most of its own steps */
	uint64_t least_slack;      /* the closest that any call came to its bound */
	uint64_t over;             /* calls that did more than the bound; then the first of them: */
	uint64_t over_own, over_writes, over_schedule;
};

/* Threads and interrupts by one source. */
struct lab_tail_live {
	enum lab_live_source source;
	bool found; /* a rule was broken */
	struct lab_histogram ns[LAB_CONTEXT_KIND_COUNT];
};

struct lab_tail_plan {
	const char *target;            /* as lab_target_open takes it */
	uint64_t seed, limit, live_ns; /* limit: schedules of each strategy; live_ns: of each source */
	bool (*stopped)(void);
};

struct lab_tail_result {
	struct lab_tail_story stories[LAB_TAIL_STORIES];
	struct lab_tail_live lives[LAB_LIVE_SOURCE_COUNT];
	size_t story_count, live_count;
	bool bounded; /* the target is one that tells a bound */
};

struct lab_tail_words {
	const char *target, *limit, *time;
	bool quick;
};
/* The bench from its options to its exit code. */
int lab_bench_tail(const struct lab_tail_words *words, uint64_t seed, enum lab_format format);

/* bench_tail_steps.c, bench_tail_live.c. message: one line where the status is not LAB_OK. May sleep. */
LAB_MUST_USE enum lab_status lab_bench_tail_steps(const struct lab_tail_plan *plan, struct lab_tail_result *result,
						  char *message, size_t room);
LAB_MUST_USE enum lab_status lab_bench_tail_live(const struct lab_tail_plan *plan, struct lab_tail_result *result,
						 char *message, size_t room);

/* bench_tail_tell.c */
void lab_bench_tail_tell(const struct lab_tail_plan *plan, const struct lab_tail_result *result,
			 enum lab_format format);

#endif
