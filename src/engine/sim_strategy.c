/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#define XXH_INLINE_ALL /* short, and often */
#include <xxhash.h>

/* The engine's side of the strategies: what it shows them of a point, and what is kept of what they chose. */

/* What the asker does, and what everybody did before: equal for equal code, whatever the process' addresses. pending:
 * NULL: it does nothing. */
static uint32_t signature_of(struct lab_sim *sim, const struct lab_sim_context *asker,
			     const struct lab_sim_pending *pending)
{
	struct {
		uint64_t kind, bytes, op, code, before;
	} what = {.op = UINT64_MAX, .before = sim->result->event_hash};

	if (pending) {
		what.kind = pending->kind;
		what.bytes = pending->bytes;
		what.op = asker->ops_done;
		what.code = lab_sim_code_offset(sim, pending->code);
	}
	return XXH32(&what, sizeof(what), 0);
}

static struct lab_choice place_of(struct lab_sim *sim, const struct lab_sim_context *asker)
{
	bool runs = asker && asker->strand && asker->strand->top == asker;

	return (struct lab_choice){
		.asker = asker ? (uint16_t)asker->actor->index : LAB_CHOICE_ENGINE,
		.event = asker ? (uint32_t)asker->self.events : 0,
		.ask = asker ? asker->asks : sim->engine_asks,
		.signature = signature_of(sim, asker, runs ? &asker->self.pending : NULL),
	};
}

struct lab_choice lab_sim_read_place(struct lab_sim *sim, const struct lab_sim_context *asker, size_t bytes,
				     uintptr_t code)
{
	const struct lab_sim_pending load = {.kind = LAB_SIM_READ, .bytes = (uint32_t)bytes, .code = code};

	return (struct lab_choice){
		.asker = (uint16_t)asker->actor->index,
		.event = (uint32_t)asker->self.events,
		.ask = LAB_CHOICE_READ,
		.signature = signature_of(sim, asker, &load),
	};
}

void lab_sim_record_choice(struct lab_sim *sim, const struct lab_sim_ask *ask, const struct lab_sim_choice *made)
{
	struct lab_choice choice;

	/* a spinner that schedule bytes leave where it is finds nobody to yield to; who follows may show it somebody */
	if (!made && !ask->usual && (sim->options.strategy || !ask->spins))
		return;
	/* a CPU that is free under a strategy may not be under schedule bytes, so what is usual there is kept too */
	if (sim->options.strategy && made && ask->usual && made->strand == ask->usual->strand &&
	    made->fire == ask->usual->fire)
		return;
	choice = place_of(sim, ask->asker);
	choice.fires = made && made->fire;
	choice.chosen = !made        ? choice.asker
			: made->fire ? (uint16_t)made->fire->actor->index
				     : (uint16_t)made->strand->top->actor->index;
	lab_choices_add(sim->options.record, choice);
}

static struct lab_choice unasked_place(struct lab_sim *sim, const struct lab_sim_context *asker)
{
	struct lab_choice place = place_of(sim, asker);

	if (asker && asker->asked_at != asker->self.events)
		place.ask = 0; /* not yet: the count is of an earlier event */
	place.ask |= LAB_CHOICE_UNASKED;
	place.fires = true;
	return place;
}

void lab_sim_record_unasked(struct lab_sim *sim, const struct lab_sim_context *asker,
			    const struct lab_sim_context *handler)
{
	struct lab_choice choice = unasked_place(sim, asker);

	choice.chosen = (uint16_t)handler->actor->index;
	lab_choices_add(sim->options.record, choice);
}

struct lab_sim_context *lab_sim_strategy_told(struct lab_sim *sim, const struct lab_sim_context *asker)
{
	struct lab_choice place = unasked_place(sim, asker);
	unsigned context = sim->options.strategy->ops->comes_in(sim->options.strategy, &place);

	return context != LAB_NOBODY && lab_sim_can_fire(sim, &sim->contexts[context]) ? &sim->contexts[context] : NULL;
}

/* The index of who moves, of the list that strategies are shown. */
static unsigned ask(struct lab_sim *sim, const struct lab_sim_ask *ask)
{
	struct lab_strategy *strategy = sim->options.strategy;
	const struct lab_sim_others *others = &sim->others;
	unsigned stays = ask->current != NULL, index;
	struct lab_point point = {
		.list = others->shown + !stays,
		.count = stays + others->count,
		.movers = stays + others->strands,
		.stays = stays,
		.spins = ask->spins,
		.shared = sim->shared,
		.usual = ask->usual ? (unsigned)(ask->usual - others->list) + stays : 0,
	};
	struct lab_choice place;

	if (point.count == 1 && strategy->skips_alone)
		return 0;
	point.forced = !point.movers;
	if (strategy->ops->reads_places) {
		place = place_of(sim, ask->asker);
		point.place = &place;
	}
	index = strategy->ops->choose(strategy, &point);
	lab_assert_cmp(index, <, point.count);
	return index;
}

bool lab_sim_strategy_choose(struct lab_sim *sim, const struct lab_sim_ask *question, struct lab_sim_choice *ret_choice)
{
	struct lab_sim_others *others = &sim->others;
	unsigned stays = question->current != NULL, index;
	const struct lab_candidate *chosen;

	others->shown[0] = stays ? &question->current->top->self : NULL;
	index = ask(sim, question);
	chosen = others->shown[index + !stays];
	lab_sim_moves(sim, chosen);
	if (stays && !index)
		return false;
	*ret_choice = others->list[index - stays];
	return true;
}

void lab_sim_moves(struct lab_sim *sim, const struct lab_candidate *chosen)
{
	lab_sim_order_last(sim);
	if (chosen->pending.address)
		lab_order_step(&sim->order, chosen->context, chosen->events, chosen->pending.address,
			       chosen->pending.kind != LAB_SIM_READ);
	sim->last_context = chosen->context;
	sim->last_event = chosen->events;
	if (sim->options.step) {
		lab_sim_step_end(sim);
		lab_sim_step_begin(sim, chosen);
	}
	sim->shared = false;
}
