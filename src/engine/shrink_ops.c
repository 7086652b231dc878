/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

#include <stdlib.h>
#include <string.h>

#include "engine/strategy_own.h"
#include "scenario/edit.h"
#include "scenario/validate.h"
#include "scenario/words.h"

/*
 * Operations go in chunks, halves first (Zeller's ddmin without its complements). A context that lost operations comes
 * to its later events sooner, so the choices move along; where they fit no more, a short search looks for others.
 */

#define SEARCHES_MOST 40u /* whole searches' runs after which there are no more */

static void drop_gone(struct lab_scenario *scenario, const bool *gone)
{
	size_t at = scenario->op_count;

	for (size_t context = scenario->context_count; context-- > 0;)
		for (size_t op = scenario->contexts[context].op_count; op-- > 0;)
			if (gone[--at])
				lab_edit_drop_op(scenario, context, op);
}

static bool search(struct lab_shrink *shrink, const struct lab_scenario *other, uint64_t runs,
		   struct lab_choices *ret_choices)
{
	const struct lab_shrink_way ways[] = {
		{"bound", 1, 1, runs}, {"irq", 1, 1, runs},    {"pct", 0, 1, runs},
		{"bound", 2, 1, runs}, {"random", 0, 1, runs},
	};

	/* what is reached by then is good enough to be read */
	if (shrink->runs > SEARCHES_MOST * shrink->search_runs)
		return false;
	for (size_t i = 0; runs && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (lab_shrink_search(shrink, other, &ways[i], ret_choices))
			return true;
	return false;
}

bool lab_shrink_take(struct lab_shrink *shrink, struct lab_scenario *other, struct lab_choices *choices, uint64_t runs)
{
	lab_scenario_normalise(other);
	if (lab_scenario_equal(other, shrink->scenario))
		return false;
	if (!lab_shrink_still(shrink, other, choices) && !search(shrink, other, runs, choices))
		return false;
	lab_scenario_copy(shrink->scenario, other);
	lab_choices_copy(shrink->choices, choices);
	return true;
}

/* What was dropped must not have come back by mending. */
static bool take_smaller(struct lab_shrink *shrink, struct lab_scenario *smaller, struct lab_choices *choices,
			 uint64_t runs)
{
	lab_scenario_normalise(smaller);
	return smaller->op_count + smaller->context_count <
		       shrink->scenario->op_count + shrink->scenario->context_count &&
	       lab_shrink_take(shrink, smaller, choices, runs);
}

static bool try_without(struct lab_shrink *shrink, const bool *gone, uint64_t runs)
{
	struct lab_choices choices = {0};
	uint64_t *ends = lab_shrink_ends(shrink);
	struct lab_scenario smaller;
	bool taken;

	lab_scenario_init(&smaller);
	lab_scenario_copy(&smaller, shrink->scenario);
	lab_choices_copy(&choices, shrink->choices);
	lab_shrink_shift(&smaller, ends, gone, &choices);
	drop_gone(&smaller, gone);
	taken = take_smaller(shrink, &smaller, &choices, runs);
	lab_choices_free(&choices);
	lab_scenario_free(&smaller);
	free(ends);
	return taken;
}

static bool try_ops(struct lab_shrink *shrink, size_t first, size_t count, uint64_t runs)
{
	bool *gone = lab_strategy_memory(shrink->scenario->op_count * sizeof(*gone)), taken;

	memset(gone + first, true, count * sizeof(*gone));
	taken = try_without(shrink, gone, runs);
	free(gone);
	return taken;
}

/* All that a context does with one slot. */
static bool try_slot(struct lab_shrink *shrink, size_t context, unsigned slot, uint64_t runs)
{
	const struct lab_scenario_context *plan = &shrink->scenario->contexts[context];
	bool *gone = lab_strategy_memory(shrink->scenario->op_count * sizeof(*gone)), taken = false;

	for (size_t i = plan->first_op; i < plan->first_op + plan->op_count; i++) {
		const struct lab_op *op = &shrink->scenario->ops[i];

		gone[i] = lab_op_infos[op->kind].operands & LAB_TAKES_SLOT && op->slot == slot;
		taken |= gone[i];
	}
	taken = taken && try_without(shrink, gone, runs);
	free(gone);
	return taken;
}

/* What names the context goes; what names those behind it follows them. */
static void drop_from_choices(struct lab_choices *choices, size_t context)
{
	size_t to = 0;

	for (size_t i = 0; i < choices->count; i++) {
		struct lab_choice choice = choices->list[i];

		if (choice.asker == context || choice.chosen == context)
			continue;
		choice.chosen -= choice.chosen > context;
		choice.asker -= choice.asker > context && choice.asker != LAB_CHOICE_ENGINE;
		choices->list[to++] = choice;
	}
	choices->count = to;
}

static bool try_context(struct lab_shrink *shrink, size_t context, uint64_t runs)
{
	struct lab_choices choices = {0};
	struct lab_scenario smaller;
	bool taken;

	lab_scenario_init(&smaller);
	lab_scenario_copy(&smaller, shrink->scenario);
	lab_choices_copy(&choices, shrink->choices);
	lab_edit_drop_context(&smaller, context);
	drop_from_choices(&choices, context);
	taken = take_smaller(shrink, &smaller, &choices, runs);
	lab_choices_free(&choices);
	lab_scenario_free(&smaller);
	return taken;
}

static bool pass(struct lab_shrink *shrink, uint64_t runs)
{
	bool any = false;

	for (size_t context = shrink->scenario->context_count; context-- > 0 && shrink->scenario->context_count > 1;)
		any |= !lab_shrink_stopped(shrink) && try_context(shrink, context, runs);
	for (size_t chunk = (shrink->scenario->op_count + 1) / 2; chunk; chunk /= 2)
		for (size_t first = shrink->scenario->op_count; first > 0 && !lab_shrink_stopped(shrink);) {
			size_t count = first < chunk ? first : chunk;

			first -= count;
			if (!try_ops(shrink, first, count, runs))
				continue;
			any = true;
			/* mending may have taken more away than was dropped */
			if (first > shrink->scenario->op_count)
				first = shrink->scenario->op_count;
		}
	for (size_t context = 0; context < shrink->scenario->context_count; context++)
		for (unsigned slot = 0; slot < LAB_SLOT_COUNT && !lab_shrink_stopped(shrink); slot++)
			any |= try_slot(shrink, context, slot, runs);
	return any;
}

void lab_shrink_ops(struct lab_shrink *shrink, uint64_t runs)
{
	/* a pass that helped may have made room for another: an alloc goes when its frees are gone */
	while (!lab_shrink_stopped(shrink) && pass(shrink, runs))
		;
}
