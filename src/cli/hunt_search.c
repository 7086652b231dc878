/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hunt.h"

#define STRATEGY    "auto"
#define OTHERS_MOST 8u /* findings of another rule, then a scenario is left */
#define LOOK_EVERY  8u /* schedules between two looks at the clock */

/* False: a word was written that `settled` took for constant, so that choices were missed. */
static bool search(struct lab_hunt *hunt, const struct lab_scenario *scenario, struct lab_strategy *strategy)
{
	struct lab_choices *choices = &hunt->watch.shared->choices;
	struct lab_sim_result *result = &hunt->watch.shared->result;
	const struct lab_sim_options options = {
		.quiesce = true, .settled = true, .strategy = strategy, .record = choices};
	bool outgrown = false;
	unsigned others = 0;

	for (unsigned i = 1; !strategy->done && !outgrown && others < OTHERS_MOST; i++) {
		choices->count = 0;
		hunt->state->status = lab_sim_run(hunt->sim, scenario, &options, result);
		if (hunt->state->status != LAB_OK)
			break;
		hunt->state->schedules++;
		outgrown = result->outgrown;
		if (result->found) {
			lab_hunt_keep(hunt, scenario, choices, result);
			others++;
		}
		if (hunt->state->same.count || (i % LOOK_EVERY == 0 && lab_hunt_over(hunt)))
			break;
	}
	return !outgrown;
}

void lab_hunt_scenario(struct lab_hunt *hunt, const struct lab_scenario *scenario, uint64_t share)
{
	static const struct lab_choices none;
	const struct lab_strategy_options options = {
		.seed = hunt->plan->seed + hunt->state->scenarios, .preemptions = LAB_NOBODY, .share = share};
	bool whole;

	hunt->state->scenarios++;
	if (lab_hunt_pack(&hunt->state->present, scenario, &none) != LAB_OK)
		return;
	do {
		struct lab_strategy *strategy = lab_strategy_create(STRATEGY, &options);

		whole = search(hunt, scenario, strategy);
		lab_strategy_destroy(strategy);
		if (!whole)
			lab_sim_settle(hunt->sim);
	} while (!whole && !lab_hunt_over(hunt));
}
