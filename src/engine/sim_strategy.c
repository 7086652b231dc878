/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <string.h>
#include <xxhash.h>

/* The engine's side of the strategies: what it shows them of a point, and what is kept of what they chose. */

static struct lab_candidate candidate_of(const struct lab_sim *sim, const struct lab_sim_choice *choice)
{
	const struct lab_sim_context *top = choice->strand->top;

	if (!choice->fire)
		return (struct lab_candidate){
			.context = top->actor->index,
			.cpu = choice->strand->cpu,
			.over = LAB_NOBODY,
			.events = top->events,
			.pending = choice->strand->pending,
		};
	return (struct lab_candidate){
		.context = choice->fire->actor->index,
		.cpu = choice->strand->cpu,
		.over = top ? top->actor->index : LAB_NOBODY,
		.fires = true,
		.events = sim->cpus[choice->strand->cpu].events,
		.firings = choice->fire->firings,
		.pending = {.kind = LAB_SIM_START},
	};
}

/* What the asker does: equal for equal code, whatever the addresses that the process has. */
static uint32_t signature_of(struct lab_sim *sim, const struct lab_sim_context *asker)
{
	struct {
		uint64_t kind, bytes, op, code;
	} what = {.op = UINT64_MAX};

	if (!asker)
		return 0;
	if (asker->strand && asker->strand->top == asker) {
		const struct lab_sim_pending *pending = &asker->strand->pending;

		what.kind = pending->kind;
		what.bytes = pending->bytes;
		what.op = asker->ops_done;
		what.code = lab_sim_code_offset(sim, pending->code);
	}
	return XXH32(&what, sizeof(what), 0);
}

static struct lab_choice place_of(struct lab_sim *sim, const struct lab_sim_context *asker, bool with_signature)
{
	return (struct lab_choice){
		.asker = asker ? (uint16_t)asker->actor->index : LAB_CHOICE_ENGINE,
		.event = asker ? (uint32_t)asker->events : 0,
		.ask = asker ? asker->asks : sim->engine_asks,
		.signature = with_signature ? signature_of(sim, asker) : 0,
	};
}

void lab_sim_record_choice(struct lab_sim *sim, const struct lab_sim_ask *ask, const struct lab_sim_choice *made)
{
	struct lab_choice choice;

	if (!made && !ask->usual)
		return;
	if (made && ask->usual && made->strand == ask->usual->strand && made->fire == ask->usual->fire)
		return;
	choice = place_of(sim, ask->asker, true);
	choice.fires = made && made->fire;
	choice.chosen = !made        ? choice.asker
			: made->fire ? (uint16_t)made->fire->actor->index
				     : (uint16_t)made->strand->top->actor->index;
	lab_choices_add(sim->options.record, choice);
}

bool lab_sim_strategy_choose(struct lab_sim *sim, const struct lab_sim_ask *ask, struct lab_sim_choice *ret_choice)
{
	const struct lab_sim_others *others = &sim->others;
	struct lab_candidate *list = sim->candidates;
	unsigned stays = ask->current != NULL, index;
	struct lab_point point = {
		.list = list,
		.count = stays + others->count,
		.movers = stays + others->strands,
		.stays = stays,
		.spins = ask->spins,
		.shared = sim->shared,
		.usual = ask->usual ? (unsigned)(ask->usual - others->list) + stays : 0,
		.place = place_of(sim, ask->asker, sim->options.strategy->ops->reads_signatures),
	};

	point.forced = !point.movers;
	if (stays)
		list[0] = candidate_of(sim, &(struct lab_sim_choice){.strand = ask->current});
	for (unsigned i = 0; i < others->count; i++)
		list[stays + i] = candidate_of(sim, &others->list[i]);
	index = sim->options.strategy->ops->choose(sim->options.strategy, &point);
	lab_assert_cmp(index, <, point.count);
	lab_sim_order(sim, &sim->last, &list[index]);
	sim->last = list[index];
	lab_sim_step_end(sim);
	lab_sim_step_begin(sim, &list[index]);
	sim->shared = false;
	if (stays && !index)
		return false;
	*ret_choice = others->list[index - stays];
	return true;
}
