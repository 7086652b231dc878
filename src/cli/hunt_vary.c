/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "cli/hunt.h"
#include "scenario/excerpt.h"
#include "scenario/mutate.h"

/*
 * First the excerpts in a row, small ones before great ones: most bugs need a few operations on a small machine, where
 * a full zone, a split or an empty cache is never far. Then excerpts at random with a few edits each, and a share that
 * grows as long as nothing is found.
 */
#define SHARE_FIRST 40u
#define SHARE_MOST  5000u
#define ROUND       400u /* edited excerpts, then the share is doubled */
#define EDITS_MOST  6u

static const size_t ops[] = {2, 4, 8, 16, 64};
static const uint64_t frames[] = {64, 16, 256};
static const uint64_t left[] = {LAB_EXCERPT_ALL_FREE, 0, 1, 8};
static const struct {
	unsigned cpus, firings;
} crowds[] = {{1, 1}, {2, 0}, {1, 2}, {2, 1}, {1, 0}, {2, 2}, {4, 4}};

static const struct lab_excerpt *nth(unsigned number, struct lab_excerpt *excerpt)
{
	unsigned take = number;

	*excerpt = (struct lab_excerpt){0};
	excerpt->cpus = crowds[take % LAB_ARRAY_COUNT(crowds)].cpus;
	excerpt->firings = crowds[take % LAB_ARRAY_COUNT(crowds)].firings;
	take /= LAB_ARRAY_COUNT(crowds);
	excerpt->left = left[take % LAB_ARRAY_COUNT(left)];
	take /= LAB_ARRAY_COUNT(left);
	excerpt->frames = frames[take % LAB_ARRAY_COUNT(frames)];
	take /= LAB_ARRAY_COUNT(frames);
	excerpt->ops = ops[take % LAB_ARRAY_COUNT(ops)];
	take /= LAB_ARRAY_COUNT(ops);
	excerpt->maze = take % 2;
	excerpt->min = excerpt->frames / (excerpt->left == LAB_EXCERPT_ALL_FREE ? 16 : 4);
	return excerpt;
}

#define EXCERPTS                                                                                                       \
	(unsigned)(LAB_ARRAY_COUNT(crowds) * LAB_ARRAY_COUNT(left) * LAB_ARRAY_COUNT(frames) * LAB_ARRAY_COUNT(ops) * 2)

static void edit(struct lab_prng *prng, struct lab_scenario *scenario)
{
	for (uint64_t left_over = lab_prng_below(prng, EDITS_MOST + 1); left_over; left_over--)
		lab_scenario_mutate(prng, scenario);
	scenario->schedule_bytes = scenario->directive_count = 0;
}

void lab_hunt_vary(struct lab_hunt *hunt)
{
	uint64_t share = SHARE_FIRST;
	struct lab_scenario scenario;
	struct lab_excerpt excerpt;
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, hunt->plan->seed, 0);
	for (unsigned i = 0; i < EXCERPTS && !lab_hunt_over(hunt); i++) {
		lab_scenario_excerpt(&hunt->window, nth(i, &excerpt), &scenario);
		lab_hunt_scenario(hunt, &scenario, share);
	}
	for (unsigned i = 0; !lab_hunt_over(hunt); i++) {
		nth((unsigned)lab_prng_below(&prng, EXCERPTS), &excerpt);
		excerpt.skipped = lab_prng_below(&prng, 2) ? lab_prng_below(&prng, 32) : 0;
		lab_scenario_excerpt(&hunt->window, &excerpt, &scenario);
		edit(&prng, &scenario);
		lab_hunt_scenario(hunt, &scenario, share);
		if (i % ROUND == ROUND - 1)
			share = LAB_MIN(2 * share, (uint64_t)SHARE_MOST);
	}
	lab_scenario_free(&scenario);
}
