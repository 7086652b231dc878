/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_FOUND_H
#define LAB_CLI_FOUND_H

#include "engine/isolate.h"

/*
 * A schedule that breaks a rule is made sure of before anybody hears of it: it is replayed exactly, made smaller while
 * it breaks the same rule, and what is left is replayed again. All of this runs the target in child processes.
 */
struct lab_found {
	struct lab_sim *sim;         /* need never have run */
	struct lab_isolate *isolate; /* of nobody else's while this goes on */
	uint64_t search_runs;        /* as of struct lab_shrink; 0: its default */
	bool (*stop)(void *arg);     /* true: what was reached so far is the result; NULL: never */
	void *arg;
	uint64_t shrink_ns; /* of CPU time, after which that is so too; 0: no limit */
	/* As found; replaced by the smaller ones. The scenario's own schedule is dropped: the choices stand for it. */
	struct lab_scenario scenario;
	struct lab_choices choices;
	struct lab_sim_result result;
};

/* The finding becomes R17: a run like it had another event hash. */
void lab_found_unsteady(struct lab_found *found, const char *who, uint64_t other_hash);

void lab_found_init(struct lab_found *found, struct lab_sim *sim, struct lab_isolate *isolate);
void lab_found_free(struct lab_found *found);

/*
 * 0; or LAB_EXIT_NONDETERMINISM or LAB_EXIT_HARNESS after lines on stderr that begin with `who`. Where replays
 * differed, result.finding is R17 then. May sleep.
 */
int lab_found_settle(struct lab_found *found, const char *who);

#endif
