/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

#include "scenario/edit.h"
#include "scenario/validate.h"

/*
 * Operations go in chunks, halves first (Zeller's ddmin without its complements). A context that lost operations comes
 * to its later events sooner, so the choices fit no more where they stood: then a short search looks for others.
 */

static void drop_ops(struct lab_scenario *scenario, size_t first, size_t count)
{
	while (count--) {
		size_t context = 0, at = first;

		while (at >= scenario->contexts[context].op_count)
			at -= scenario->contexts[context++].op_count;
		lab_edit_drop_op(scenario, context, at);
	}
}

static bool search(struct lab_shrink *shrink, const struct lab_scenario *smaller, struct lab_choices *ret_choices)
{
	static const struct {
		const char *strategy;
		unsigned preemptions;
	} searches[] = {{"bound", 1}, {"irq", 1}, {"bound", 2}, {"random", 0}};

	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++)
		if (lab_shrink_search(shrink, smaller, searches[i].strategy, searches[i].preemptions, ret_choices))
			return true;
	return false;
}

/* Takes the smaller scenario if it still breaks the rule, with the choices at hand or others. */
static bool take(struct lab_shrink *shrink, struct lab_scenario *smaller, struct lab_choices *choices)
{
	lab_scenario_normalise(smaller);
	if (smaller->op_count + smaller->context_count >= shrink->scenario->op_count + shrink->scenario->context_count)
		return false;
	if (!lab_shrink_still(shrink, smaller, choices) && !search(shrink, smaller, choices))
		return false;
	lab_scenario_copy(shrink->scenario, smaller);
	lab_choices_copy(shrink->choices, choices);
	return true;
}

static bool try_ops(struct lab_shrink *shrink, size_t first, size_t count)
{
	struct lab_choices choices = {0};
	struct lab_scenario smaller;
	bool taken;

	lab_scenario_init(&smaller);
	lab_scenario_copy(&smaller, shrink->scenario);
	lab_choices_copy(&choices, shrink->choices);
	drop_ops(&smaller, first, count);
	taken = take(shrink, &smaller, &choices);
	lab_choices_free(&choices);
	lab_scenario_free(&smaller);
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

static bool try_context(struct lab_shrink *shrink, size_t context)
{
	struct lab_choices choices = {0};
	struct lab_scenario smaller;
	bool taken;

	lab_scenario_init(&smaller);
	lab_scenario_copy(&smaller, shrink->scenario);
	lab_choices_copy(&choices, shrink->choices);
	lab_edit_drop_context(&smaller, context);
	drop_from_choices(&choices, context);
	taken = take(shrink, &smaller, &choices);
	lab_choices_free(&choices);
	lab_scenario_free(&smaller);
	return taken;
}

static bool pass(struct lab_shrink *shrink)
{
	bool any = false;

	for (size_t context = shrink->scenario->context_count; context-- > 0 && shrink->scenario->context_count > 1;)
		any |= !lab_shrink_stopped(shrink) && try_context(shrink, context);
	for (size_t chunk = (shrink->scenario->op_count + 1) / 2; chunk; chunk /= 2)
		for (size_t first = shrink->scenario->op_count; first > 0 && !lab_shrink_stopped(shrink);) {
			size_t count = first < chunk ? first : chunk;

			first -= count;
			if (!try_ops(shrink, first, count))
				continue;
			any = true;
			/* mending may have taken more away than was dropped */
			if (first > shrink->scenario->op_count)
				first = shrink->scenario->op_count;
		}
	return any;
}

void lab_shrink_ops(struct lab_shrink *shrink)
{
	/* a pass that helped may have made room for another: an alloc goes when its frees are gone */
	while (!lab_shrink_stopped(shrink) && pass(shrink))
		;
}
