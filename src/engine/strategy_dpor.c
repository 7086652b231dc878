/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "engine/dpor.h"
#include "engine/strategy_own.h"

/* Of one run. Looking for its races takes the square of them, and what runs on for so long has no end to try. */
#define STEPS_MOST ((size_t)1 << 14)

/*
 * Source-DPOR with sleep sets (Abdulla et al., POPL 2014): of the schedules that differ only in the order of steps
 * which do not matter to one another, one is run. It ends with the verdict that no schedule of the scenario breaks a
 * rule, lines coming in once each.
 */
struct dpor {
	struct lab_strategy base;
	struct lab_dpor_trace trace;
	size_t at;         /* steps of the present run so far */
	size_t prescribed; /* the run follows the trace up to here, its last step being new */
	bool cut;          /* what follows was seen in another order */
	bool spun;         /* a spinner was made to yield */
	bool changed;      /* the scenario does not do the same again, or goes on too long */
	uint64_t runs, cuts;
};

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct dpor *dpor = (struct dpor *)strategy;

	if (!dpor->runs)
		lab_dpor_trace_open(&dpor->trace, LAB_MIN(lab_strategy_contexts(scenario), LAB_DPOR_CONTEXT_MAX));
	/* more contexts than a mask has bits: one run in the engine's own order, and no verdict */
	dpor->cut = lab_strategy_contexts(scenario) > LAB_DPOR_CONTEXT_MAX;
	dpor->changed |= dpor->cut;
	dpor->at = 0;
}

static bool tried(const struct lab_point *point, unsigned index)
{
	if (point->list[index]->fires)
		return !point->list[index]->firings;
	return index >= lab_point_first_mover(point);
}

static uint64_t enabled_at(const struct lab_point *point)
{
	uint64_t enabled = 0;

	for (unsigned i = 0; i < point->count; i++)
		if (tried(point, i))
			enabled |= UINT64_C(1) << point->list[i]->context;
	return enabled;
}

static unsigned index_of(const struct lab_point *point, unsigned context)
{
	for (unsigned i = 0; i < point->count; i++)
		if (point->list[i]->context == context && tried(point, i))
			return i;
	return LAB_NOBODY;
}

static void take(struct lab_dpor_step *step, const struct lab_candidate *candidate)
{
	step->foot = (struct lab_dpor_foot){
		.context = candidate->context, .cpu = candidate->cpu, .pending = candidate->pending};
}

static unsigned choose_new(struct dpor *dpor, const struct lab_point *point)
{
	uint64_t enabled = enabled_at(point);
	struct lab_dpor_step *step = lab_dpor_trace_push(&dpor->trace);
	uint64_t awake = enabled & ~step->sleep;
	unsigned usual = point->list[point->usual]->context, index;

	if (!awake) {
		dpor->trace.count--;
		dpor->cut = true;
		dpor->cuts++;
		return point->usual;
	}
	step->enabled = enabled;
	index = index_of(point, awake >> usual & 1 ? usual : lab_bits_first(awake));
	take(step, point->list[index]);
	step->backtrack = UINT64_C(1) << step->foot.context;
	dpor->at++;
	return index;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct dpor *dpor = (struct dpor *)strategy;
	struct lab_dpor_step *step;
	unsigned index;

	dpor->changed |= dpor->at == STEPS_MOST;
	dpor->cut |= dpor->changed;
	if (dpor->cut)
		return point->usual;
	if (dpor->at)
		dpor->trace.steps[dpor->at - 1].foot.shared = point->shared;
	dpor->spun |= point->stays && point->spins;
	if (!enabled_at(point)) /* lines that a raise brings in again are not tried, only done */
		return point->usual;
	if (dpor->at >= dpor->prescribed)
		return choose_new(dpor, point);
	step = &dpor->trace.steps[dpor->at];
	index = index_of(point, step->foot.context);
	if (index == LAB_NOBODY || step->enabled != enabled_at(point)) {
		dpor->changed = dpor->cut = true;
		return point->usual;
	}
	take(step, point->list[index]);
	dpor->at++;
	return index;
}

static void end(struct lab_strategy *strategy, bool shared)
{
	struct dpor *dpor = (struct dpor *)strategy;
	size_t from = dpor->prescribed ? dpor->prescribed - 1 : 0;

	if (dpor->at && !dpor->cut)
		dpor->trace.steps[dpor->at - 1].foot.shared = shared;
	dpor->trace.count = dpor->at;
	dpor->runs++;
	for (size_t i = from; i < dpor->at && !dpor->changed; i++)
		lab_dpor_trace_races(&dpor->trace, i);
	dpor->prescribed = lab_dpor_trace_next(&dpor->trace);
	if (dpor->prescribed && !dpor->changed)
		return;
	dpor->base.done = true;
	dpor->base.complete = !dpor->changed;
}

static void tell(const struct lab_strategy *strategy, char *text, size_t room)
{
	const struct dpor *dpor = (const struct dpor *)strategy;

	snprintf(text, room, "%s%" PRIu64 " schedules, %" PRIu64 " of them cut short%s",
		 dpor->base.complete ? "exhausted: " : "", dpor->runs, dpor->cuts,
		 dpor->spun ? ", spinning contexts made to yield" : "");
}

static void destroy(struct lab_strategy *strategy)
{
	lab_dpor_trace_close(&((struct dpor *)strategy)->trace);
	free(strategy);
}

static const struct lab_strategy_ops ops = {
	.name = "dpor",
	.begin = begin,
	.choose = choose,
	.end = end,
	.tell = tell,
	.destroy = destroy,
};

struct lab_strategy *lab_strategy_dpor(const struct lab_strategy_options *options)
{
	struct dpor *dpor = lab_strategy_memory(sizeof(*dpor));

	dpor->base.ops = &ops;
	return &dpor->base;
}
