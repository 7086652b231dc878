/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/*
 * One byte a choice, read only where there is more than one: 0 goes on with the present context, k takes the
 * ((k - 1) modulo n)-th of the n others that may run: tasks in id order, handlers left in their middle
 * on an idle CPU, then handlers that may fire, in id order. Where the present context
 * cannot go on, k takes the (k modulo n)-th. Bytes that have run out count as 0. Corpora depend on this: it stays.
 */

struct candidates {
	struct lab_sim_choice list[2 * LAB_CONTEXT_MAX + LAB_CPU_MAX];
	unsigned count, strands;
};

bool lab_sim_runnable(const struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	const struct lab_sim_strand *holder = sim->cpus[strand->cpu].strand;

	if (!strand->top || strand->waiting || strand->wait_key)
		return false;
	if (strand->blocked_on && *strand->blocked_on)
		return false;
	return !holder || holder == strand || holder->at_boundary;
}

struct lab_sim_strand *lab_sim_host_of(struct lab_sim *sim, const struct lab_sim_context *handler)
{
	unsigned cpu = handler->actor->cpu;
	struct lab_sim_strand *holder = sim->cpus[cpu].strand;

	return holder ? holder : &sim->idle[cpu];
}

bool lab_sim_can_fire(const struct lab_sim *sim, const struct lab_sim_context *handler)
{
	const struct lab_sim_cpu *cpu = &sim->cpus[handler->actor->cpu];
	const struct lab_sim_context *top = cpu->strand ? cpu->strand->top : NULL;
	enum lab_context_kind level = handler->actor->kind;

	if (sim->options.sequential || level == LAB_CONTEXT_TASK || handler->running)
		return false;
	if (cpu->irq_depth && level != LAB_CONTEXT_NMI)
		return false;
	return !top || level > top->actor->kind;
}

static void add_strands(struct lab_sim *sim, const struct lab_sim_strand *current, struct candidates *to)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		if (&sim->strands[i] != current && lab_sim_runnable(sim, &sim->strands[i]))
			to->list[to->count++] = (struct lab_sim_choice){.strand = &sim->strands[i]};
	/* an idle CPU's strand may run when a handler was left there in its middle */
	for (unsigned i = 0; i < sim->cpu_count; i++)
		if (&sim->idle[i] != current && lab_sim_runnable(sim, &sim->idle[i]))
			to->list[to->count++] = (struct lab_sim_choice){.strand = &sim->idle[i]};
	to->strands = to->count;
}

static void add_handlers(struct lab_sim *sim, struct candidates *to)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		struct lab_sim_context *handler = &sim->contexts[i];

		if (lab_sim_can_fire(sim, handler))
			to->list[to->count++] = (struct lab_sim_choice){lab_sim_host_of(sim, handler), handler};
	}
}

static unsigned next_byte(struct lab_sim *sim)
{
	return sim->next_byte < sim->scenario->schedule_bytes ? sim->scenario->schedule[sim->next_byte++] : 0;
}

/* A spinner yields: the next strand after it, going round. */
static struct lab_sim_choice next_after(const struct lab_sim_strand *current, const struct candidates *from)
{
	for (unsigned i = 0; i < from->strands; i++)
		if (from->list[i].strand > current)
			return from->list[i];
	return from->list[0];
}

bool lab_sim_choose(struct lab_sim *sim, struct lab_sim_strand *current, enum lab_sim_event event,
		    struct lab_sim_choice *ret_choice)
{
	bool out_of_choices = sim->next_byte >= sim->scenario->schedule_bytes &&
			      sim->next_directive >= sim->scenario->directive_count;
	struct candidates others;
	unsigned byte;

	if (event != LAB_SIM_OP_END && sim->options.sequential)
		return false;
	if (event != LAB_SIM_RELAX && out_of_choices)
		return false;
	if (lab_sim_directed(sim, current, ret_choice))
		return ret_choice->fire || ret_choice->strand != current;
	others.count = 0;
	add_strands(sim, current, &others);
	add_handlers(sim, &others);
	if (!others.count)
		return false;
	byte = next_byte(sim);
	if (byte)
		*ret_choice = others.list[(byte - 1) % others.count];
	else if (event == LAB_SIM_RELAX && others.strands)
		*ret_choice = next_after(current, &others);
	else
		return false;
	return true;
}

/* A handler that must run before the end: raised, or never fired, on a CPU that no task will take it to. */
static bool overdue(struct lab_sim *sim, struct lab_sim_choice *ret_choice)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		struct lab_sim_context *handler = &sim->contexts[i];

		if ((handler->fired && !handler->pending) || !lab_sim_can_fire(sim, handler))
			continue;
		*ret_choice = (struct lab_sim_choice){lab_sim_host_of(sim, handler), handler};
		return true;
	}
	return false;
}

bool lab_sim_choose_other(struct lab_sim *sim, struct lab_sim_choice *ret_choice)
{
	struct candidates others;

	if (lab_sim_directed(sim, NULL, ret_choice))
		return true;
	others.count = 0;
	add_strands(sim, NULL, &others);
	if (!others.strands)
		return overdue(sim, ret_choice);
	add_handlers(sim, &others);
	*ret_choice = others.list[others.count > 1 ? next_byte(sim) % others.count : 0];
	return true;
}
