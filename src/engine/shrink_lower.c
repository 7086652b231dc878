/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

/*
 * Another schedule of the same scenario may depart less often from the engine's own way than what is left of the one
 * that was found. First the fewest preemptions that a search finds; what it cannot reach in its runs, such as a handler
 * that comes in twice, is drawn, by the strategies that switch seldom.
 */
#define BOUND_MOST 3u
#define DRAWS      4u /* schedules that are drawn by each */

static bool lower(struct lab_shrink *shrink, const struct lab_shrink_way *way)
{
	struct lab_choices found = {0};
	struct lab_sim_result before = shrink->result;
	bool better = lab_shrink_search(shrink, shrink->scenario, way, &found) && found.count < shrink->choices->count;

	if (better)
		lab_choices_copy(shrink->choices, &found);
	else
		shrink->result = before;
	lab_choices_free(&found);
	return better;
}

void lab_shrink_lower(struct lab_shrink *shrink)
{
	static const char *const draws[] = {"pct", "surw", "pos"};

	for (unsigned bound = 0; bound <= BOUND_MOST && bound < shrink->choices->count; bound++)
		if (lower(shrink, &(struct lab_shrink_way){"bound", bound, 1, shrink->search_runs}))
			return;
	for (size_t i = 0; i < DRAWS * sizeof(draws) / sizeof(draws[0]) && shrink->choices->count > 2; i++) {
		const struct lab_shrink_way way = {draws[i / DRAWS], 0, i % DRAWS + 1, shrink->search_runs / 8};

		if (lower(shrink, &way))
			lab_shrink_choices(shrink);
	}
}
