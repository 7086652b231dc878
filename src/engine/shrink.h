/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SHRINK_H
#define LAB_ENGINE_SHRINK_H

#include "engine/isolate.h"

/*
 * A test case with the schedule that breaks a rule, made smaller while it breaks the same rule: contexts and
 * operations, then interrupts, then switches, then the fewest preemptions that a search finds.
 */
struct lab_shrink {
	struct lab_sim *sim;
	struct lab_isolate
		*isolate; /* runs are made in children, for a rule that takes its process along; NULL: here */
	enum lab_rule rule;
	uint64_t search_runs;    /* that each search for another schedule has */
	bool (*stop)(void *arg); /* asked between runs; true: what was reached so far is the result; NULL: never */
	void *arg;
	/* Both are replaced by smaller ones. */
	struct lab_scenario *scenario;
	struct lab_choices *choices;
	struct lab_sim_result result; /* of the last run that broke the rule: of what they are now */
	uint64_t runs;
	bool unsteady; /* the same choices did not break the rule again: the target does not do the same twice */
};

/*
 * One run that follows `choices`, exactly or as far as they fit; what it did is recorded into *record unless that is
 * NULL. The statuses are lab_sim_run's.
 */
LAB_MUST_USE enum lab_status lab_sim_follow(struct lab_sim *sim, const struct lab_scenario *scenario,
					    const struct lab_choices *choices, bool exact, struct lab_choices *record,
					    struct lab_sim_result *ret_result, struct lab_divergence *ret_divergence);

/* LAB_INVALID: the schedule does not break the rule, nothing was changed; otherwise as lab_sim_run. May sleep. */
LAB_MUST_USE enum lab_status lab_shrink(struct lab_shrink *shrink);

#endif
