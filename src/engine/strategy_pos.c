/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/strategy_own.h"

/*
 * Partial order sampling (Yuan et al., CAV 2018): each event gets a random priority when it becomes the next one of its
 * context, the highest is done, and those that it races with draw anew.
 */
struct pos {
	struct lab_random random;
	struct lab_prng prng;
	struct lab_irq_plan irqs;
	struct {
		uint64_t event, priority; /* of the event that this is the priority of; 0: draw */
		bool drawn;
	} contexts[LAB_CONTEXT_MAX];
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct pos *pos = (struct pos *)strategy;

	lab_random_begin(&pos->random);
	lab_irq_plan_begin(&pos->irqs, scenario, &pos->prng);
	for (size_t i = 0; i < lab_strategy_contexts(scenario); i++)
		pos->contexts[i].drawn = false;
}

static uint64_t priority_of(struct pos *pos, const struct lab_candidate *candidate)
{
	unsigned context = candidate->context;

	if (!pos->contexts[context].drawn || pos->contexts[context].event != candidate->events) {
		pos->contexts[context].drawn = true;
		pos->contexts[context].event = candidate->events;
		pos->contexts[context].priority = lab_prng_u64(&pos->prng);
	}
	return pos->contexts[context].priority;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct pos *pos = (struct pos *)strategy;
	unsigned first = lab_point_first_mover(point), best = first;
	uint64_t most = 0;

	if (point->forced)
		return point->usual;
	if (lab_irq_plan_due(&pos->irqs, point, &best))
		return best;
	best = first;
	/* who spins draws at each turn, and the one that it waits for might have drawn the least there is */
	for (unsigned i = 0; first && i < point->movers; i++)
		pos->contexts[point->list[i]->context].drawn = false;
	for (unsigned i = first; i < point->movers; i++) {
		uint64_t priority = priority_of(pos, point->list[i]);

		if (priority < most)
			continue;
		most = priority;
		best = i;
	}
	pos->contexts[point->list[best]->context].drawn = false;
	for (unsigned i = 0; i < point->movers; i++)
		if (i != best && lab_sim_conflict(&point->list[i]->pending, &point->list[best]->pending))
			pos->contexts[point->list[i]->context].drawn = false;
	return best;
}

static void end(struct lab_strategy *strategy, bool shared)
{
}

static const struct lab_strategy_ops ops = {
	.name = "pos",
	.begin = begin,
	.choose = choose,
	.reads = lab_random_reads,
	.end = end,
	.tell = lab_strategy_tell_nothing,
	.destroy = lab_strategy_free,
};

struct lab_strategy *lab_strategy_pos(const struct lab_strategy_options *options)
{
	struct pos *pos = lab_strategy_memory(sizeof(*pos));

	pos->random.base.ops = &ops;
	lab_prng_seed(&pos->prng, options->seed, 3);
	lab_random_make(&pos->random, options);
	return &pos->random.base;
}
