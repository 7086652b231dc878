/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/dpor.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "engine/strategy_own.h"
#include "scenario/arrays.h"

#define BIT(context) (UINT64_C(1) << (context))

void lab_dpor_trace_open(struct lab_dpor_trace *trace, unsigned contexts)
{
	*trace = (struct lab_dpor_trace){.contexts = contexts};
	trace->clock = lab_strategy_memory(contexts * sizeof(*trace->clock));
}

void lab_dpor_trace_close(struct lab_dpor_trace *trace)
{
	for (size_t i = 0; i < trace->room; i++) {
		free(trace->steps[i].clock);
		free(trace->steps[i].feet);
	}
	free(trace->steps);
	free(trace->clock);
}

static bool dependent(const struct lab_dpor_foot *a, const struct lab_dpor_foot *b)
{
	return a->context == b->context || a->cpu == b->cpu || (a->shared && b->shared) ||
	       lab_sim_conflict(&a->pending, &b->pending);
}

struct lab_dpor_step *lab_dpor_trace_push(struct lab_dpor_trace *trace)
{
	size_t room = trace->room;
	struct lab_dpor_step *step, *last;

	if (trace->count == room) {
		trace->steps = lab_array_grown(trace->steps, &trace->room, room + 1, sizeof(*trace->steps));
		for (; room < trace->room; room++) {
			step = &trace->steps[room];
			*step = (struct lab_dpor_step){0};
			step->clock = lab_strategy_memory(trace->contexts * sizeof(*step->clock));
			step->feet = lab_strategy_memory(trace->contexts * sizeof(*step->feet));
		}
	}
	step = &trace->steps[trace->count++];
	step->enabled = step->backtrack = step->done = step->sleep = 0;
	if (trace->count == 1)
		return step;
	last = step - 1;
	for (uint64_t left = (last->sleep | last->done) & ~BIT(last->foot.context); left; left &= left - 1) {
		unsigned context = lab_bits_first(left);

		if (dependent(&last->feet[context], &last->foot))
			continue;
		step->sleep |= BIT(context);
		step->feet[context] = last->feet[context];
	}
	return step;
}

static bool before(const struct lab_dpor_trace *trace, size_t i, const uint32_t *clock)
{
	return clock[trace->steps[i].foot.context] > i;
}

static void join(const struct lab_dpor_trace *trace, uint32_t *clock, const uint32_t *other)
{
	for (unsigned context = 0; context < trace->contexts; context++)
		clock[context] = LAB_MAX(clock[context], other[context]);
}

/*
 * The contexts that could begin a schedule in which step j, whose clock but for i is given, is not ordered after i: of
 * the steps behind i that did not wait for it, and j, those that wait for none of the others.
 */
static uint64_t initials(const struct lab_dpor_trace *trace, size_t i, size_t j, const uint32_t *clock)
{
	uint64_t seen = 0, found = 0;

	for (size_t k = i + 1; k <= j; k++) {
		const uint32_t *own = k == j ? clock : trace->steps[k].clock;
		uint64_t bit = BIT(trace->steps[k].foot.context);
		bool waits = false;

		if (k < j && before(trace, i, own))
			continue;
		for (size_t m = i + 1; m < k && !waits && !(seen & bit); m++)
			waits = !before(trace, i, trace->steps[m].clock) && before(trace, m, own);
		if (!(seen & bit) && !waits)
			found |= bit;
		seen |= bit;
	}
	return found;
}

/* Steps i and j race: they are to come in the other order too, if nothing that is to be tried at i leads there. */
static void race(struct lab_dpor_trace *trace, size_t i, size_t j, const uint32_t *clock)
{
	unsigned context = trace->steps[j].foot.context;
	uint64_t first = initials(trace, i, j, clock), able = first & trace->steps[i].enabled;

	if (first & trace->steps[i].backtrack)
		return;
	if (able) {
		trace->steps[i].backtrack |= able & BIT(context) ? BIT(context) : able & -able;
		return;
	}
	/* held up there by whoever has its CPU: the last place at which it could have gone first is before that */
	while (i-- > 0) {
		if (!(trace->steps[i].enabled & BIT(context)))
			continue;
		trace->steps[i].backtrack |= BIT(context);
		return;
	}
}

void lab_dpor_trace_races(struct lab_dpor_trace *trace, size_t j)
{
	struct lab_dpor_step *step = &trace->steps[j];
	uint32_t *clock = trace->clock;
	size_t last = j;

	memset(clock, 0, trace->contexts * sizeof(*clock));
	while (last-- > 0)
		if (trace->steps[last].foot.context == step->foot.context) {
			join(trace, clock, trace->steps[last].clock);
			break;
		}
	for (size_t i = j; i-- > 0;) {
		if (before(trace, i, clock) || !dependent(&trace->steps[i].foot, &step->foot))
			continue;
		race(trace, i, j, clock);
		join(trace, clock, trace->steps[i].clock);
	}
	clock[step->foot.context] = (uint32_t)j + 1;
	memcpy(step->clock, clock, trace->contexts * sizeof(*clock));
}

size_t lab_dpor_trace_next(struct lab_dpor_trace *trace)
{
	for (; trace->count; trace->count--) {
		struct lab_dpor_step *step = &trace->steps[trace->count - 1];
		uint64_t left;

		step->done |= BIT(step->foot.context);
		step->feet[step->foot.context] = step->foot;
		left = step->backtrack & ~step->done & ~step->sleep;
		if (!left)
			continue;
		step->foot.context = lab_bits_first(left);
		return trace->count;
	}
	return 0;
}
