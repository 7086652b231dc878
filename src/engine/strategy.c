/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "engine/strategy_own.h"

#define TWICE_IN     4u  /* one line in so many comes in a second time */
#define STALE_SHARES 6u  /* 1, 1/2, 1/4 ... of the loads that could */
#define STALE_MOST   4u  /* loads of a run */
#define EVENTS_GUESS 32u /* of a CPU, before the first run */

static const struct {
	const char *name;
	struct lab_strategy *(*create)(const struct lab_strategy_options *options);
} strategies[] = {
	{"auto", lab_strategy_auto},     {"bound", lab_strategy_bound}, {"irq", lab_strategy_irq},
	{"random", lab_strategy_random}, {"pct", lab_strategy_pct},     {"pos", lab_strategy_pos},
	{"surw", lab_strategy_surw},     {"dpor", lab_strategy_dpor},
};

const char *const lab_strategy_names[] = {"auto", "bound", "irq", "random", "pct", "pos", "surw", "dpor", NULL};

struct lab_strategy *lab_strategy_create(const char *name, const struct lab_strategy_options *options)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(strategies); i++)
		if (strcmp(strategies[i].name, name) == 0)
			return strategies[i].create(options);
	return NULL;
}

void lab_strategy_destroy(struct lab_strategy *strategy)
{
	strategy->ops->destroy(strategy);
}

void *lab_strategy_memory(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	lab_assert(memory);
	return memory;
}

void lab_strategy_tell_nothing(const struct lab_strategy *strategy, char *text, size_t room)
{
	if (room)
		text[0] = '\0';
}

void lab_strategy_free(struct lab_strategy *strategy)
{
	free(strategy);
}

void lab_random_make(struct lab_random *random, const struct lab_strategy_options *options)
{
	random->base.weak = options->weak;
	lab_prng_seed(&random->stale, options->seed, 5);
}

void lab_random_begin(struct lab_random *random)
{
	random->one_in = 1u << lab_prng_below(&random->stale, STALE_SHARES);
	random->left = (unsigned)lab_prng_below(&random->stale, STALE_MOST + 1);
}

unsigned lab_random_reads(struct lab_strategy *strategy, const struct lab_read *read)
{
	struct lab_random *random = (struct lab_random *)strategy;
	unsigned other;

	if (!random->left || !lab_prng_chance(&random->stale, 1, random->one_in))
		return read->usual;
	random->left--;
	other = (unsigned)lab_prng_below(&random->stale, read->most);
	return other + (other >= read->usual);
}

void lab_irq_plan_begin(struct lab_irq_plan *plan, const struct lab_scenario *scenario, struct lab_prng *prng)
{
	for (size_t i = 0; i < scenario->context_count; i++) {
		const struct lab_scenario_context *context = &scenario->contexts[i];
		uint64_t events = plan->cpu_events[context->cpu];

		if (context->kind == LAB_CONTEXT_TASK)
			continue;
		plan->handlers[i].count = lab_prng_chance(prng, 1, TWICE_IN) ? 2 : 1;
		for (unsigned k = 0; k < 2; k++)
			plan->handlers[i].at[k] = 1 + lab_prng_below(prng, events ? events : EVENTS_GUESS);
		if (plan->handlers[i].at[1] < plan->handlers[i].at[0])
			plan->handlers[i].at[0] = plan->handlers[i].at[1];
	}
}

bool lab_irq_plan_due(struct lab_irq_plan *plan, const struct lab_point *point, unsigned *ret_index)
{
	bool due = false;

	for (unsigned i = point->movers; i < point->count; i++) {
		const struct lab_candidate *handler = point->list[i];
		uint64_t *most = &plan->cpu_events[handler->cpu];

		*most = LAB_MAX(*most, handler->events);
		if (due || handler->firings >= plan->handlers[handler->context].count ||
		    handler->events < plan->handlers[handler->context].at[handler->firings])
			continue;
		due = true;
		*ret_index = i;
	}
	return due;
}
