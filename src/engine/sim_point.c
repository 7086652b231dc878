/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <limits.h>

void lab_sim_switch(struct lab_sim *sim, struct lab_sim_strand *to)
{
	struct lab_sim_strand *from = sim->running;

	if (lab_race_engine)
		lab_race_engine->resume(sim, to);
	if (lab_sim_is_weak && to == &sim->engine)
		lab_sim_weak_meet(sim);
	to->started = true;
	to->at_boundary = false;
	if (to != &sim->engine)
		sim->cpus[to->cpu].strand = to;
	sim->running = to;
	if (from != to)
		lab_coroutine_switch(from->coroutine, to->coroutine);
}

void lab_sim_abandon(struct lab_sim *sim)
{
	struct lab_coroutine *from = sim->running->coroutine;

	sim->finished = false;
	lab_coroutine_switch(from, sim->outside);
	__builtin_unreachable();
}

/* Of those raised here and unmasked the one of the highest level; NULL: there is none. */
static struct lab_sim_context *due(struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	struct lab_sim_context *next = NULL;

	for (unsigned i = 0; sim->raised && i < sim->exec.actor_count; i++) {
		struct lab_sim_context *handler = &sim->contexts[i];

		if (!handler->pending || handler->actor->cpu != strand->cpu || !lab_sim_can_fire(sim, handler))
			continue;
		if (!next || handler->actor->kind > next->actor->kind)
			next = handler;
	}
	return next;
}

/* Runs what was raised, or came in here without a question in the run that is followed. */
static void fire_due(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	while (sim->raised || sim->tells) {
		struct lab_sim_context *told = sim->tells ? lab_sim_strategy_told(sim, strand->top) : NULL;
		struct lab_sim_context *next = told && told->actor->cpu == strand->cpu ? told : due(sim, strand);

		if (!next)
			return;
		if (sim->options.record)
			lab_sim_record_unasked(sim, strand->top, next);
		lab_sim_fire(sim, strand, next);
	}
}

static bool may_go_on(const struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	return sim->cpus[strand->cpu].strand == strand && lab_sim_runnable(sim, strand);
}

/*
 * Goes where the choice says. When the strand is back, it first does what it was called back for: true if that was a
 * handler, after which who goes on is a new question.
 */
static bool go(struct lab_sim *sim, struct lab_sim_strand *strand, struct lab_sim_choice choice)
{
	bool fired;

	choice.strand->fire = choice.fire;
	lab_sim_switch(sim, choice.strand);
	fired = strand->fire != NULL;
	if (fired)
		lab_sim_fire(sim, strand, strand->fire);
	fire_due(sim, strand);
	return fired;
}

/* True if the question after a handler is asked. Schedule bytes never asked it, and corpora depend on that; yet it is
 * counted, and answered, since who follows what they led to is asked. */
static bool is_asked_again(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	const struct lab_sim_ask unasked = {.asker = strand->top, .current = strand, .spins = strand->spin.spinning};

	if (sim->options.strategy)
		return true;
	if (sim->options.record && may_go_on(sim, strand)) {
		lab_sim_count_ask(strand->top);
		lab_sim_record_choice(sim, &unasked, NULL);
	}
	return false;
}

/* Of all that spin, whoever waits for what it interrupted: the others may only wait for the same. */
static struct lab_sim_context *find_victim(struct lab_sim *sim, struct lab_sim_strand *strand, unsigned *context)
{
	struct lab_sim_context *victim = lab_sim_spin_victim(sim, strand);

	for (unsigned i = 0; i < sim->exec.actor_count && !victim; i++) {
		if (!sim->strands[i].top)
			continue;
		victim = lab_sim_spin_victim(sim, &sim->strands[i]);
		if (victim)
			*context = sim->strands[i].top->actor->index;
	}
	return victim;
}

void lab_sim_out_of_steps(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	unsigned context = strand->top ? strand->top->actor->index : UINT_MAX;
	uint64_t budget = strand->top ? sim->options.step_budget : sim->engine_events_most;
	struct lab_sim_context *victim = strand->top ? find_victim(sim, strand, &context) : NULL;

	if (victim)
		lab_oracle_report(sim->exec.oracle, LAB_R08_INTERRUPT_SAFETY, context, UINT64_MAX, 0,
				  "%s spins on what %s wrote, which it interrupted: no end within %llu events",
				  lab_sim_name(sim, context), lab_sim_name(sim, victim->actor->index),
				  (unsigned long long)budget);
	lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, context, UINT64_MAX, 0,
			  "%s: no operation ended within %llu events", lab_sim_name(sim, context),
			  (unsigned long long)budget);
}

void lab_sim_meet(const struct lab_sim_pending *event)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_strand *strand = sim->running;
	struct lab_sim_context *top = strand->top;
	struct lab_sim_choice choice;
	bool at_boundary;

	if (!lab_sim_count(sim, strand))
		return;
	/* The budget is for one stretch in which no operation ends: a long scenario is no hang. */
	if (event->kind == LAB_SIM_OP_END)
		sim->events_most = sim->events + sim->options.step_budget;
	top->self.pending = *event;
	/* Between two operations, and with nothing held: a CPU's task is not preempted under a lock or a mask. */
	at_boundary = event->kind == LAB_SIM_OP_END && top == strand->task && !top->held && !strand->lock_count &&
		      !sim->cpus[strand->cpu].irq_depth;
	strand->at_boundary = at_boundary;
	if (sim->raised || sim->tells)
		fire_due(sim, strand);
	while (lab_sim_choose(sim, strand, strand->spin.spinning ? LAB_SIM_RELAX : event->kind, &choice)) {
		bool here = choice.strand == strand, fired = go(sim, strand, choice);

		if (!here && !(fired && is_asked_again(sim, strand)))
			break;
		strand->at_boundary = at_boundary && sim->options.strategy;
	}
	strand->at_boundary = false;
}

void lab_sim_interrupted(struct lab_sim *sim, struct lab_sim_strand *strand, const struct lab_sim_pending *event)
{
	strand->top->self.pending = *event;
	fire_due(sim, strand);
}

void lab_sim_block(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	struct lab_sim_choice choice;
	bool asks;

	do {
		if (!lab_sim_choose_other(sim, strand->top, &choice))
			choice = (struct lab_sim_choice){.strand = &sim->engine};
		asks = go(sim, strand, choice) && is_asked_again(sim, strand);
		while (asks && may_go_on(sim, strand) && lab_sim_choose(sim, strand, LAB_SIM_SERVICE, &choice))
			asks = go(sim, strand, choice) || choice.strand == strand;
	} while (!may_go_on(sim, strand));
}

void lab_sim_leave(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	struct lab_sim_choice choice = {0};

	strand->top = NULL;
	strand->started = false;
	if (sim->cpus[strand->cpu].strand == strand)
		sim->cpus[strand->cpu].strand = NULL;
	if (!lab_sim_choose_other(sim, strand->task, &choice))
		choice.strand = &sim->engine;
	choice.strand->fire = choice.fire;
	lab_sim_switch(sim, choice.strand);
}
