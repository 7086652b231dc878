/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "engine/strategy_own.h"

static const char otherwise[] = "what was done up to there is not what was recorded";

struct follow {
	struct lab_strategy base;
	const struct lab_choices *choices;
	bool exact;
	size_t next;
	bool *used; /* not exact: constraints that were met may stand behind ones that never are */
	struct lab_divergence divergence, *note;
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct follow *follow = (struct follow *)strategy;

	follow->next = 0;
	follow->divergence = (struct lab_divergence){0};
	if (follow->choices->count)
		memset(follow->used, 0, follow->choices->count);
}

static bool find(const struct lab_point *point, const struct lab_choice *choice, unsigned *ret_index)
{
	for (unsigned i = 0; i < point->count; i++)
		if (point->list[i]->context == choice->chosen && point->list[i]->fires == choice->fires) {
			*ret_index = i;
			return true;
		}
	return false;
}

static void diverge(struct follow *follow, const struct lab_choice *expected, const struct lab_choice *found,
		    const char *why)
{
	if (follow->divergence.is)
		return;
	follow->divergence = (struct lab_divergence){true, *expected, *found, why};
	if (follow->note)
		*follow->note = follow->divergence;
}

static unsigned choose_exact(struct follow *follow, const struct lab_point *point)
{
	const struct lab_choice *choice;
	unsigned index;

	if (follow->divergence.is || follow->next == follow->choices->count)
		return point->usual;
	choice = &follow->choices->list[follow->next];
	if (!lab_choice_same_place(choice, point->place))
		return point->usual;
	if (choice->signature != point->place->signature) {
		diverge(follow, choice, point->place, otherwise);
		return point->usual;
	}
	if (!find(point, choice, &index)) {
		diverge(follow, choice, point->place, "who was chosen cannot move there");
		return point->usual;
	}
	follow->next++;
	return index;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct follow *follow = (struct follow *)strategy;
	unsigned index;

	if (follow->exact)
		return choose_exact(follow, point);
	for (size_t i = 0; i < follow->choices->count; i++) {
		const struct lab_choice *choice = &follow->choices->list[i];

		if (follow->used[i] || !lab_choice_same_place(choice, point->place) || !find(point, choice, &index))
			continue;
		follow->used[i] = true;
		return index;
	}
	return point->usual;
}

static unsigned comes_in(struct lab_strategy *strategy, const struct lab_choice *place)
{
	struct follow *follow = (struct follow *)strategy;
	size_t i = follow->exact ? follow->next : 0, last = follow->exact ? i + 1 : follow->choices->count;

	if (follow->divergence.is)
		return LAB_NOBODY;
	for (; i < last && i < follow->choices->count; i++) {
		const struct lab_choice *choice = &follow->choices->list[i];

		if (follow->used[i] || !lab_choice_same_place(choice, place))
			continue;
		if (follow->exact && choice->signature != place->signature) {
			diverge(follow, choice, place, otherwise);
			return LAB_NOBODY;
		}
		follow->used[i] = true;
		follow->next++;
		return choice->chosen;
	}
	return LAB_NOBODY;
}

static unsigned reads(struct lab_strategy *strategy, const struct lab_read *read)
{
	struct follow *follow = (struct follow *)strategy;
	size_t i = follow->exact ? follow->next : 0, last = follow->exact ? i + 1 : follow->choices->count;

	if (follow->divergence.is)
		return read->usual;
	for (; i < last && i < follow->choices->count; i++) {
		const struct lab_choice *choice = &follow->choices->list[i];

		if (follow->used[i] || !lab_choice_same_place(choice, read->place))
			continue;
		if (follow->exact && choice->signature != read->place->signature) {
			diverge(follow, choice, read->place, otherwise);
			return read->usual;
		}
		if (choice->reads > read->most + 1) {
			if (follow->exact)
				diverge(follow, choice, read->place, "the value that was read cannot be read there");
			return read->usual;
		}
		follow->used[i] = true;
		follow->next++;
		return choice->reads - 1u;
	}
	return read->usual;
}

static void end(struct lab_strategy *strategy, bool shared)
{
	struct follow *follow = (struct follow *)strategy;

	if (follow->exact && follow->next < follow->choices->count)
		diverge(follow, &follow->choices->list[follow->next], &(struct lab_choice){.asker = LAB_CHOICE_ENGINE},
			"the run ended without coming there");
}

static void destroy(struct lab_strategy *strategy)
{
	free(((struct follow *)strategy)->used);
	free(strategy);
}

static const struct lab_strategy_ops follow_ops = {
	.name = "follow",
	.reads_places = true,
	.begin = begin,
	.choose = choose,
	.comes_in = comes_in,
	.reads = reads,
	.end = end,
	.tell = lab_strategy_tell_nothing,
	.destroy = destroy,
};

struct lab_strategy *lab_strategy_follow(const struct lab_choices *choices, bool exact)
{
	struct follow *follow = lab_strategy_memory(sizeof(*follow));

	follow->base.ops = &follow_ops;
	follow->base.weak = lab_choices_are_weak(choices);
	follow->choices = choices;
	follow->exact = exact;
	follow->used = lab_strategy_memory(choices->count);
	return &follow->base;
}

void lab_strategy_follow_note(struct lab_strategy *strategy, struct lab_divergence *note)
{
	lab_assert(strategy->ops == &follow_ops);
	((struct follow *)strategy)->note = note;
}

struct lab_divergence lab_strategy_divergence(const struct lab_strategy *strategy)
{
	lab_assert(strategy->ops == &follow_ops);
	return ((const struct follow *)strategy)->divergence;
}
