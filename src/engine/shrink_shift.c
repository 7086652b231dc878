/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

#include "engine/sim_state.h"
#include "engine/strategy_own.h"

/*
 * Choices name their place by how many events their context had met. A context that lost an operation comes to all
 * that follows so many events sooner as that operation had: the choices behind it move along, and those inside it go
 * to its beginning.
 */

struct watch {
	struct lab_shrink *shrink;
	uint64_t *ends;
	size_t done[LAB_CONTEXT_MAX];
};

static void op_done(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct watch *watch = arg;
	const struct lab_scenario_context *plan = &watch->shrink->scenario->contexts[context];

	/* a handler that comes in again does them again: the first time counts */
	if (watch->done[context] < plan->op_count)
		watch->ends[plan->first_op + watch->done[context]++] =
			watch->shrink->sim->contexts[context].self.events + 1; /* its end is an event */
}

uint64_t *lab_shrink_ends(struct lab_shrink *shrink)
{
	struct lab_strategy *strategy = lab_strategy_follow(shrink->choices, true);
	struct watch watch = {.shrink = shrink};
	const struct lab_sim_options options = {
		.quiesce = true, .strategy = strategy, .op_done = op_done, .arg = &watch};
	struct lab_sim_result result;

	watch.ends = lab_strategy_memory(shrink->scenario->op_count * sizeof(*watch.ends));
	/* a target that takes the process with it is not run here; its choices stay where they are */
	if (!shrink->isolate) {
		/* what did not run has no ends, and moves nothing */
		if (lab_sim_run(shrink->sim, shrink->scenario, &options, &result) != LAB_OK)
			memset(watch.ends, 0, shrink->scenario->op_count * sizeof(*watch.ends));
		shrink->runs++;
	}
	lab_strategy_destroy(strategy);
	return watch.ends;
}

static uint32_t moved(const struct lab_scenario_context *context, const uint64_t *ends, const bool *gone,
		      uint32_t event)
{
	uint64_t start = 0, lost = 0;

	for (size_t i = context->first_op; i < context->first_op + context->op_count && ends[i]; i++) {
		if (gone[i] && event > start)
			lost += (event < ends[i] ? event : ends[i]) - start;
		start = ends[i];
	}
	return (uint32_t)(event > lost ? event - lost : 1);
}

void lab_shrink_shift(const struct lab_scenario *scenario, const uint64_t *ends, const bool *gone,
		      struct lab_choices *choices)
{
	for (size_t i = 0; i < choices->count; i++) {
		struct lab_choice *choice = &choices->list[i];

		if (choice->asker < scenario->context_count && choice->event)
			choice->event = moved(&scenario->contexts[choice->asker], ends, gone, choice->event);
	}
}
