/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_STRATEGY_OWN_H
#define LAB_ENGINE_STRATEGY_OWN_H

#include "base/prng.h"
#include "engine/strategy.h"

/* What the strategies' files share. */

/* Zeroed, never NULL; aborts when there is none: at this size the process is past saving. */
void *lab_strategy_memory(size_t bytes);
void lab_strategy_free(struct lab_strategy *strategy); /* of one that holds nothing else */
void lab_strategy_tell_nothing(const struct lab_strategy *strategy, char *text, size_t room);

/*
 * Where interrupts come in under the random strategies: drawn uniformly over the events that the handler's CPU met in
 * earlier runs, for the thread lottery hardly ever picks one place among many. A line comes in once, or now and then
 * twice: what a handler keeps the second time is found by no balanced one.
 */
struct lab_irq_plan {
	uint64_t cpu_events[LAB_CPU_MAX]; /* the most that were met in a run */
	struct {
		uint64_t at[2];
		unsigned count;
	} handlers[LAB_CONTEXT_MAX];
};
void lab_irq_plan_begin(struct lab_irq_plan *plan, const struct lab_scenario *scenario, struct lab_prng *prng);
/* Learns from the point. True: this handler comes in here. */
bool lab_irq_plan_due(struct lab_irq_plan *plan, const struct lab_point *point, unsigned *ret_index);

/*
 * Which loads read older values under the random strategies: in each run another share of them, none in some, and no
 * more than a few, for a run in which much is late is like one in which it came later.
 */
struct lab_random { /* the first member of each random strategy's record */
	struct lab_strategy base;
	struct lab_prng stale; /* its own, so that who moves is drawn alike with it and without */
	unsigned left, one_in;
};
void lab_random_make(struct lab_random *random, const struct lab_strategy_options *options);
void lab_random_begin(struct lab_random *random);
unsigned lab_random_reads(struct lab_strategy *strategy, const struct lab_read *read);

/* The first n of the point's list that a random strategy chooses among: not the spinner if there are others. */
static inline unsigned lab_point_first_mover(const struct lab_point *point)
{
	return point->stays && point->spins && point->movers > 1 ? 1 : 0;
}

struct lab_strategy *lab_strategy_random(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_pct(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_pos(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_surw(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_bound(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_irq(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_dpor(const struct lab_strategy_options *options);
struct lab_strategy *lab_strategy_auto(const struct lab_strategy_options *options);

#endif
