/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "engine/strategy_own.h"
#include "scenario/arrays.h"

/*
 * Preemption bounding (Musuvathi and Qadeer, PLDI 2007): all schedules with at most 0, then 1, then 2 departures from
 * going on with the present context. Where that one cannot go on, every other is tried for nothing. Depth-first, by
 * running again with a stack of what was chosen.
 *
 * `irq` is the same search with other prices: only interrupts depart, so every place of one, then every pair of places.
 * A line comes in once in a run in both; where it was placed nowhere, before its CPU's tasks end.
 *
 * Where loads may read older values, one that does is a departure, too; `irq` leaves them alone.
 */
#define BOUND_DEFAULT 2u
#define TELL_BOUNDS   8u

/* A point of the present run at which there was a choice. */
struct saved {
	uint32_t taken, count; /* which of the affordable options, in the order of option_at */
	bool pays;             /* the one taken is a departure */
};

struct bound {
	struct lab_strategy base;
	bool interrupts_only;
	unsigned most; /* bounds from 0 to here */
	struct saved *stack;
	size_t depth, room, at; /* at: how far the present run is */
	unsigned spent;
	uint64_t runs[TELL_BOUNDS];
	unsigned bound;
	bool changed; /* the scenario does not do the same again: the stack did not fit */
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct bound *bound = (struct bound *)strategy;

	bound->at = 0;
	bound->spent = 0;
}

/* Whether an index costs a departure; false for what is not tried at all in *ret_tried. */
static bool departs(const struct bound *bound, const struct lab_point *point, unsigned index, bool *ret_tried)
{
	const struct lab_candidate *candidate = point->list[index];

	*ret_tried = true;
	if (index == point->usual)
		return false;
	if (candidate->fires) {
		*ret_tried = !candidate->firings;
		return true;
	}
	if (bound->interrupts_only || (point->spins && !index))
		*ret_tried = false;
	return point->stays;
}

/* The taken-th option that can be paid, the usual one first; LAB_NOBODY: there are fewer. */
static unsigned option_at(const struct bound *bound, const struct lab_point *point, uint32_t taken, bool *ret_pays)
{
	bool affordable = bound->spent < bound->bound, tried;

	*ret_pays = false;
	if (!taken)
		return point->usual;
	for (unsigned i = 0; i < point->count; i++) {
		bool pays = departs(bound, point, i, &tried);

		if (i == point->usual || !tried || (pays && !affordable) || --taken)
			continue;
		*ret_pays = pays;
		return i;
	}
	return LAB_NOBODY;
}

static uint32_t option_count(const struct bound *bound, const struct lab_point *point)
{
	bool affordable = bound->spent < bound->bound, tried;
	uint32_t count = 1;

	for (unsigned i = 0; i < point->count; i++) {
		bool pays = departs(bound, point, i, &tried);

		count += i != point->usual && tried && (!pays || affordable);
	}
	return count;
}

/* The next place of the present run at which there are so many options. */
static struct saved *next_place(struct bound *bound, uint32_t count)
{
	if (bound->at == bound->depth) {
		bound->stack = lab_array_grown(bound->stack, &bound->room, bound->depth + 1, sizeof(*bound->stack));
		bound->stack[bound->depth++] = (struct saved){.count = count};
	}
	return &bound->stack[bound->at++];
}

/* Another value than the usual one is a departure, whichever it is. */
static unsigned reads(struct lab_strategy *strategy, const struct lab_read *read)
{
	struct bound *bound = (struct bound *)strategy;
	struct saved *saved;

	if (bound->spent == bound->bound)
		return read->usual;
	saved = next_place(bound, read->most + 1);
	if (saved->count != read->most + 1) {
		bound->changed = true;
		return read->usual;
	}
	saved->pays = saved->taken != 0;
	bound->spent += saved->pays;
	if (!saved->pays)
		return read->usual;
	return saved->taken - (saved->taken <= read->usual);
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct bound *bound = (struct bound *)strategy;
	uint32_t count = point->count > 1 && !point->forced ? option_count(bound, point) : 1;
	struct saved *saved;
	unsigned index;

	if (count == 1)
		return point->usual;
	saved = next_place(bound, count);
	index = option_at(bound, point, saved->taken, &saved->pays);
	if (index == LAB_NOBODY || saved->count != count) {
		bound->changed = true;
		return point->usual;
	}
	bound->spent += saved->pays;
	return index;
}

static void next_bound(struct bound *bound)
{
	bound->base.bound = bound->bound + 1;
	if (bound->bound == bound->most) {
		bound->base.done = true;
		bound->base.complete = !bound->changed;
	} else {
		bound->bound++;
	}
}

static void end(struct lab_strategy *strategy, bool shared)
{
	struct bound *bound = (struct bound *)strategy;

	bound->runs[LAB_MIN(bound->bound, TELL_BOUNDS - 1)]++;
	bound->depth = bound->at;
	while (bound->depth && bound->stack[bound->depth - 1].taken + 1 == bound->stack[bound->depth - 1].count)
		bound->depth--;
	if (bound->depth)
		bound->stack[bound->depth - 1].taken++;
	else
		next_bound(bound);
}

static void tell(const struct lab_strategy *strategy, char *text, size_t room)
{
	const struct bound *bound = (const struct bound *)strategy;
	unsigned last = LAB_MIN(bound->bound, TELL_BOUNDS - 1);
	size_t used = 0;

	for (unsigned i = 0; i <= last && used < room; i++)
		used += (size_t)snprintf(text + used, room - used, "%s%u %s: %" PRIu64 "%s", i ? ", " : "", i,
					 bound->interrupts_only ? "placed" : "preempted", bound->runs[i],
					 i < bound->base.bound ? "" : " so far");
}

static void destroy(struct lab_strategy *strategy)
{
	free(((struct bound *)strategy)->stack);
	free(strategy);
}

static const struct lab_strategy_ops bound_ops = {
	.name = "bound",
	.begin = begin,
	.choose = choose,
	.reads = reads,
	.end = end,
	.tell = tell,
	.destroy = destroy,
};

static const struct lab_strategy_ops irq_ops = {
	.name = "irq",
	.begin = begin,
	.choose = choose,
	.end = end,
	.tell = tell,
	.destroy = destroy,
};

static struct lab_strategy *create(const struct lab_strategy_ops *ops, const struct lab_strategy_options *options)
{
	struct bound *bound = lab_strategy_memory(sizeof(*bound));

	bound->base.ops = ops;
	bound->interrupts_only = ops == &irq_ops;
	bound->base.skips_alone = true;
	bound->base.weak = options->weak && !bound->interrupts_only;
	bound->most = options->preemptions == LAB_NOBODY ? BOUND_DEFAULT : options->preemptions;
	return &bound->base;
}

struct lab_strategy *lab_strategy_bound(const struct lab_strategy_options *options)
{
	return create(&bound_ops, options);
}

struct lab_strategy *lab_strategy_irq(const struct lab_strategy_options *options)
{
	return create(&irq_ops, options);
}
