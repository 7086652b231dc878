/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/strategy_own.h"

/* The random walk: at each point everybody has the same chance. */
struct walk {
	struct lab_random random;
	struct lab_prng prng;
	struct lab_irq_plan irqs;
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct walk *walk = (struct walk *)strategy;

	lab_random_begin(&walk->random);
	lab_irq_plan_begin(&walk->irqs, scenario, &walk->prng);
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct walk *walk = (struct walk *)strategy;
	unsigned first = lab_point_first_mover(point), index;

	if (point->forced)
		return point->usual;
	if (lab_irq_plan_due(&walk->irqs, point, &index))
		return index;
	return first + (unsigned)lab_prng_below(&walk->prng, point->movers - first);
}

static void end(struct lab_strategy *strategy, bool shared)
{
}

static const struct lab_strategy_ops ops = {
	.name = "random",
	.begin = begin,
	.choose = choose,
	.reads = lab_random_reads,
	.end = end,
	.tell = lab_strategy_tell_nothing,
	.destroy = lab_strategy_free,
};

struct lab_strategy *lab_strategy_random(const struct lab_strategy_options *options)
{
	struct walk *walk = lab_strategy_memory(sizeof(*walk));

	walk->random.base.ops = &ops;
	walk->random.base.skips_alone = true;
	lab_prng_seed(&walk->prng, options->seed, 1);
	lab_random_make(&walk->random, options);
	return &walk->random.base;
}
