/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

#include <stddef.h>

#define SEARCH_RUNS_DEFAULT 2000u
#define QUICK_PART          16u /* of a search's runs, while there is much left to drop */
/* What a person reads to the end; of what is longer a search of so many times the runs may make less. */
#define DEPARTURES_MANY 4u
#define OPS_MANY        8u
#define MORE            10u

enum lab_status lab_sim_follow(struct lab_sim *sim, const struct lab_scenario *scenario,
			       const struct lab_choices *choices, bool exact, struct lab_choices *record,
			       struct lab_sim_result *ret_result, struct lab_divergence *ret_divergence)
{
	struct lab_strategy *strategy = lab_strategy_follow(choices, exact);
	const struct lab_sim_options options = {.quiesce = true, .strategy = strategy, .record = record};
	enum lab_status status = lab_sim_run(sim, scenario, &options, ret_result);

	if (ret_divergence)
		*ret_divergence = lab_strategy_divergence(strategy);
	lab_strategy_destroy(strategy);
	return status;
}

bool lab_shrink_stopped(const struct lab_shrink *shrink)
{
	return shrink->stop && shrink->stop(shrink->arg);
}

static bool breaks(struct lab_shrink *shrink, enum lab_status status, const struct lab_sim_result *result)
{
	shrink->runs++;
	if (status != LAB_OK || !result->found || result->finding.rule != shrink->rule)
		return false;
	shrink->result = *result;
	return true;
}

static enum lab_status follow(struct lab_shrink *shrink, const struct lab_choices *choices,
			      const struct lab_scenario *scenario, bool exact, struct lab_choices *record,
			      struct lab_sim_result *ret_result)
{
	if (shrink->isolate)
		return lab_isolate_follow(shrink->isolate, shrink->sim, scenario, choices, exact, record, ret_result,
					  NULL);
	return lab_sim_follow(shrink->sim, scenario, choices, exact, record, ret_result, NULL);
}

bool lab_shrink_still(struct lab_shrink *shrink, const struct lab_scenario *scenario, struct lab_choices *choices)
{
	struct lab_choices done = {0};
	struct lab_sim_result result;
	enum lab_status status = follow(shrink, choices, scenario, false, &done, &result);
	bool still = breaks(shrink, status, &result);

	if (still)
		lab_choices_copy(choices, &done);
	lab_choices_free(&done);
	return still;
}

struct search {
	struct lab_shrink *shrink;
	const struct lab_scenario *scenario;
	struct lab_strategy *strategy;
	struct lab_choices *record;
	struct lab_sim_result *result;
	uint64_t runs, runs_most;
};

static void search_job(void *arg)
{
	struct search *search = arg;
	struct lab_shrink *shrink = search->shrink;
	const struct lab_sim_options options = {
		.quiesce = true, .strategy = search->strategy, .record = search->record};

	while (search->runs < search->runs_most && !search->strategy->done && !lab_shrink_stopped(shrink)) {
		enum lab_status status;

		search->record->count = 0;
		search->runs++;
		status = lab_sim_run(shrink->sim, search->scenario, &options, search->result);
		if (status == LAB_OK && search->result->found && search->result->finding.rule == shrink->rule)
			return;
	}
	search->result->found = false;
}

/* In a child, what it records lies in memory that is ours too; it found it if it died of it. */
static bool search_isolated(struct lab_shrink *shrink, struct search *search, struct lab_choices *ret_choices)
{
	struct lab_isolated *shared = shrink->isolate->shared;

	search->record = &shared->choices;
	search->result = &shared->result;
	if (lab_isolate_job(shrink->isolate, shrink->sim, search_job, search) != LAB_OK)
		return false;
	lab_choices_copy(ret_choices, &shared->choices);
	shrink->runs++;
	if (shared->ended ? !shared->result.found : shared->death.rule != shrink->rule)
		return false;
	/* the last word, with what the event was that it ended at, and the result */
	return lab_shrink_still(shrink, search->scenario, ret_choices);
}

bool lab_shrink_search(struct lab_shrink *shrink, const struct lab_scenario *scenario, const struct lab_shrink_way *way,
		       struct lab_choices *ret_choices)
{
	struct lab_sim_result result = {0};
	struct search search = {
		.shrink = shrink,
		.scenario = scenario,
		.runs_most = way->runs,
		.record = ret_choices,
		.result = &result,
	};
	bool found;

	search.strategy = lab_strategy_create(
		way->strategy, &(struct lab_strategy_options){.seed = way->seed,
							      .preemptions = way->preemptions,
							      .weak = lab_choices_are_weak(shrink->choices)});
	if (shrink->isolate) {
		found = search_isolated(shrink, &search, ret_choices);
	} else {
		search_job(&search);
		shrink->runs += search.runs;
		found = result.found;
		if (found)
			shrink->result = result;
	}
	lab_strategy_destroy(search.strategy);
	return found;
}

enum lab_status lab_shrink(struct lab_shrink *shrink)
{
	enum lab_status status;
	struct lab_sim_result result;
	uint64_t quick;

	if (!shrink->search_runs)
		shrink->search_runs = SEARCH_RUNS_DEFAULT;
	quick = shrink->search_runs / QUICK_PART;
	status = follow(shrink, shrink->choices, shrink->scenario, true, NULL, &result);
	if (status != LAB_OK)
		return status;
	if (!breaks(shrink, status, &result))
		return LAB_INVALID;
	/* the fewer constraints there are, the more often they go on fitting */
	lab_shrink_choices(shrink);
	lab_shrink_ops(shrink, quick);
	lab_shrink_lower(shrink);
	lab_shrink_plain(shrink, quick);
	lab_shrink_ops(shrink, quick);
	lab_shrink_lower(shrink);
	lab_shrink_ops(shrink, shrink->search_runs);
	lab_shrink_choices(shrink);
	lab_shrink_lower(shrink);
	if (shrink->choices->count > DEPARTURES_MANY || shrink->scenario->op_count > OPS_MANY) {
		shrink->search_runs *= MORE;
		lab_shrink_lower(shrink);
		lab_shrink_ops(shrink, shrink->search_runs);
		lab_shrink_choices(shrink);
		lab_shrink_lower(shrink);
	}
	/* what was tried last need not be what was kept */
	status = follow(shrink, shrink->choices, shrink->scenario, true, NULL, &result);
	if (status != LAB_OK)
		return status;
	shrink->unsteady = !breaks(shrink, status, &result);
	return LAB_OK;
}
