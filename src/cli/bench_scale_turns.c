/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/prng.h"
#include "cli/bench_scale.h"

/*
 * The fair schedule of CPUs that are equally fast: each makes one step before any makes its next. It is the worst of
 * the fair ones as to shared lines, since between two accesses of one CPU there is one of every other. Equal programs
 * would go in step, so each starts a few steps later, by lot.
 */
#define DELAY_MOST 32u

struct turns {
	struct lab_strategy base;
	struct lab_prng prng;
	unsigned contexts, last; /* last: the rank of who moved last */
	unsigned ranks[LAB_CONTEXT_MAX], delays[LAB_CONTEXT_MAX];
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct turns *turns = (struct turns *)strategy;

	turns->contexts = lab_strategy_contexts(scenario);
	turns->last = turns->contexts - 1;
	for (unsigned i = 0; i < turns->contexts; i++) {
		unsigned other = (unsigned)lab_prng_below(&turns->prng, i + 1);

		turns->ranks[i] = turns->ranks[other];
		turns->ranks[other] = i;
		turns->delays[i] = (unsigned)lab_prng_below(&turns->prng, DELAY_MOST);
	}
}

/* How many turns until this one's. */
static unsigned distance(const struct turns *turns, const struct lab_candidate *candidate)
{
	unsigned rank = turns->ranks[candidate->context];

	return (rank + turns->contexts - turns->last - 1) % turns->contexts;
}

static unsigned nearest(const struct turns *turns, const struct lab_point *point, bool delayed)
{
	unsigned best = point->movers;

	for (unsigned i = 0; i < point->movers; i++) {
		if (!delayed && turns->delays[point->list[i]->context])
			continue;
		if (best == point->movers || distance(turns, point->list[i]) < distance(turns, point->list[best]))
			best = i;
	}
	return best;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct turns *turns = (struct turns *)strategy;
	unsigned index;

	if (point->forced)
		return point->usual;
	for (unsigned i = 0; i < point->movers; i++) {
		unsigned *delay = &turns->delays[point->list[i]->context];

		*delay -= *delay != 0;
	}
	index = nearest(turns, point, false);
	if (index == point->movers)
		index = nearest(turns, point, true);
	turns->last = turns->ranks[point->list[index]->context];
	return index;
}

static void end(struct lab_strategy *strategy, bool shared)
{
}

static void tell(const struct lab_strategy *strategy, char *text, size_t room)
{
	text[0] = '\0';
}

static void destroy(struct lab_strategy *strategy)
{
	free(strategy);
}

static const struct lab_strategy_ops ops = {
	.name = "turns", .begin = begin, .choose = choose, .end = end, .tell = tell, .destroy = destroy};

struct lab_strategy *lab_scale_turns(uint64_t seed)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	lab_assert(turns);
	turns->base.ops = &ops;
	lab_prng_seed(&turns->prng, seed, 0);
	return &turns->base;
}
