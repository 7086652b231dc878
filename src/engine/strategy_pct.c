/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "engine/strategy_own.h"

/*
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): contexts have random priorities and the highest
 * runs; at depth - 1 steps drawn over the run's length the one that runs falls below all others. A bug of that depth is
 * hit with at least 1 / (n k^(depth - 1)), n contexts and k steps.
 */
#define DEPTH_DEFAULT 3u
#define DEPTH_MAX     16u
#define FALLEN        (UINT64_C(1) << 63) /* priorities of who fell are below, and those of a run's start above */

struct pct {
	struct lab_random random;
	struct lab_prng prng;
	struct lab_irq_plan irqs;
	unsigned depth;
	uint64_t step, steps_most; /* of this run; of all */
	uint64_t change_at[DEPTH_MAX];
	uint64_t priorities[LAB_CONTEXT_MAX];
	uint64_t lowest; /* the next one that falls gets this: below all, those that fell before included */
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct pct *pct = (struct pct *)strategy;

	lab_random_begin(&pct->random);
	lab_irq_plan_begin(&pct->irqs, scenario, &pct->prng);
	pct->step = 0;
	pct->lowest = FALLEN;
	for (unsigned i = 0; i + 1 < pct->depth; i++)
		pct->change_at[i] = 1 + lab_prng_below(&pct->prng, LAB_MAX(pct->steps_most, 1));
	for (size_t i = 0; i < lab_strategy_contexts(scenario); i++)
		pct->priorities[i] = FALLEN | lab_prng_u64(&pct->prng) >> 1;
}

static unsigned highest(const struct pct *pct, const struct lab_point *point, unsigned first)
{
	unsigned best = first;

	for (unsigned i = first + 1; i < point->movers; i++)
		if (pct->priorities[point->list[i]->context] > pct->priorities[point->list[best]->context])
			best = i;
	return best;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct pct *pct = (struct pct *)strategy;
	unsigned first = lab_point_first_mover(point), index;

	if (point->forced)
		return point->usual;
	if (lab_irq_plan_due(&pct->irqs, point, &index))
		return index;
	pct->step++;
	pct->steps_most = LAB_MAX(pct->steps_most, pct->step);
	for (unsigned i = 0; i + 1 < pct->depth; i++)
		if (pct->change_at[i] == pct->step)
			pct->priorities[point->list[highest(pct, point, first)]->context] = --pct->lowest;
	/* who spins would be chosen for ever: it falls, as it would at its scheduler's next tick */
	if (first)
		pct->priorities[point->list[0]->context] = --pct->lowest;
	return highest(pct, point, first);
}

static void end(struct lab_strategy *strategy, bool shared)
{
}

static const struct lab_strategy_ops ops = {
	.name = "pct",
	.begin = begin,
	.choose = choose,
	.reads = lab_random_reads,
	.end = end,
	.tell = lab_strategy_tell_nothing,
	.destroy = lab_strategy_free,
};

struct lab_strategy *lab_strategy_pct(const struct lab_strategy_options *options)
{
	struct pct *pct = lab_strategy_memory(sizeof(*pct));

	pct->random.base.ops = &ops;
	pct->depth = options->depth ? LAB_MIN(options->depth, DEPTH_MAX) : DEPTH_DEFAULT;
	lab_prng_seed(&pct->prng, options->seed, 2);
	lab_random_make(&pct->random, options);
	return &pct->random.base;
}
