/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/* Who could move next, and who is asked which of them does. */

/* How often it was asked tells two questions at one event apart. */
void lab_sim_count_ask(struct lab_sim_context *context)
{
	if (context->asked_at != context->self.events)
		context->asks = 0;
	context->asked_at = context->self.events;
	context->asks++;
}

bool lab_sim_runnable(const struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	const struct lab_sim_strand *holder = sim->cpus[strand->cpu].strand;

	if (!strand->top || strand->waiting || strand->wait_key)
		return false;
	if (strand->blocked_on && *strand->blocked_on)
		return false;
	if (strand->sync && !strand->sync->timed_out && !strand->sync->is_free(strand->sync))
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
	if (lab_exec_is_dead(&sim->exec, handler->actor->cpu) || lab_exec_is_offline(&sim->exec, handler->actor->cpu) ||
	    (cpu->irq_depth && level != LAB_CONTEXT_NMI))
		return false;
	return !top || level > top->actor->kind;
}

static inline void add_strand(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	struct lab_sim_others *to = &sim->others;

	if (!lab_sim_runnable(sim, strand))
		return;
	to->list[to->count].strand = strand;
	to->list[to->count].fire = NULL;
	to->shown[++to->count] = &strand->top->self;
}

static void add_strands(struct lab_sim *sim, const struct lab_sim_strand *current)
{
	sim->others.count = 0;
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		if (&sim->strands[i] != current)
			add_strand(sim, &sim->strands[i]);
	/* an idle CPU's strand may run when a handler was left there in its middle */
	for (unsigned i = 0; sim->handler_count && i < sim->cpu_count; i++)
		if (&sim->idle[i] != current)
			add_strand(sim, &sim->idle[i]);
	sim->others.strands = sim->others.count;
}

static uint64_t events_of_cpu(const struct lab_sim *sim, unsigned cpu)
{
	uint64_t events = 0;

	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		events += sim->contexts[i].self.cpu == cpu ? sim->contexts[i].self.events : 0;
	return events;
}

/* overdue: only those that must run before the end: raised, or never fired, where no task will take the CPU to it. */
static void add_handlers(struct lab_sim *sim, bool overdue)
{
	struct lab_sim_others *to = &sim->others;

	for (unsigned i = 0; sim->handler_count && i < sim->exec.actor_count; i++) {
		struct lab_sim_context *handler = &sim->contexts[i];
		struct lab_sim_strand *host;

		if ((overdue && handler->firings && !handler->pending) || !lab_sim_can_fire(sim, handler))
			continue;
		host = lab_sim_host_of(sim, handler);
		handler->entry.over = host->top ? host->top->actor->index : LAB_NOBODY;
		handler->entry.events = events_of_cpu(sim, host->cpu);
		handler->entry.firings = handler->firings;
		to->list[to->count] = (struct lab_sim_choice){host, handler};
		to->shown[++to->count] = &handler->entry;
	}
}

/* Nobody but the last task can move, now and until it ends. */
static bool is_alone(const struct lab_sim *sim)
{
	return sim->tasks_left == 1 && !sim->handler_count;
}

/* A spinner yields: the next strand after it, going round. */
static unsigned next_after(const struct lab_sim_strand *current, const struct lab_sim_others *from)
{
	for (unsigned i = 0; i < from->strands; i++)
		if (from->list[i].strand > current)
			return i;
	return 0;
}

static bool may_stay_silent(const struct lab_sim *sim, enum lab_sim_event event)
{
	if (event != LAB_SIM_OP_END && sim->options.sequential)
		return true;
	return event != LAB_SIM_RELAX && !sim->options.strategy && lab_sim_bytes_ended(sim);
}

bool lab_sim_choose(struct lab_sim *sim, struct lab_sim_strand *current, enum lab_sim_event event,
		    struct lab_sim_choice *ret_choice)
{
	struct lab_sim_ask ask = {.asker = current->top, .current = current, .spins = event == LAB_SIM_RELAX};
	bool goes;

	lab_sim_count_ask(current->top);
	if (may_stay_silent(sim, event))
		return false;
	if (is_alone(sim) && sim->options.strategy && sim->options.strategy->skips_alone) {
		lab_sim_moves(sim, &current->top->self);
		return false;
	}
	if (is_alone(sim)) {
		sim->others.count = sim->others.strands = 0;
	} else {
		add_strands(sim, current);
		add_handlers(sim, false);
	}
	if (ask.spins && sim->others.strands)
		ask.usual = &sim->others.list[next_after(current, &sim->others)];
	goes = sim->options.strategy ? lab_sim_strategy_choose(sim, &ask, ret_choice)
				     : lab_sim_bytes_choose(sim, &ask, ret_choice);
	if (sim->options.record)
		lab_sim_record_choice(sim, &ask, goes ? ret_choice : NULL);
	return goes;
}

/* A written schedule has handlers come in when nobody is left who needs them: no strategy is asked for that. */
static bool followed_there(struct lab_sim *sim, const struct lab_sim_context *asker, struct lab_sim_choice *ret_choice)
{
	struct lab_sim_context *handler = sim->tells ? lab_sim_strategy_told(sim, asker) : NULL;

	if (!handler)
		return false;
	if (sim->options.record)
		lab_sim_record_unasked(sim, asker, handler);
	*ret_choice = (struct lab_sim_choice){lab_sim_host_of(sim, handler), handler};
	return true;
}

bool lab_sim_choose_other(struct lab_sim *sim, struct lab_sim_context *asker, struct lab_sim_choice *ret_choice)
{
	struct lab_sim_ask ask = {.asker = asker};

	if (asker)
		lab_sim_count_ask(asker);
	else
		sim->engine_asks++;
	add_strands(sim, NULL);
	add_handlers(sim, !sim->others.strands);
	if (!sim->others.strands && followed_there(sim, asker, ret_choice))
		return true;
	if (!sim->others.count && (sim->options.strategy || lab_sim_bytes_ended(sim)))
		return false;
	ask.usual = sim->others.count ? &sim->others.list[0] : NULL;
	if (!(sim->options.strategy ? lab_sim_strategy_choose(sim, &ask, ret_choice)
				    : lab_sim_bytes_choose(sim, &ask, ret_choice)))
		return false;
	if (!sim->options.record)
		return true;
	if (!sim->options.strategy && !sim->others.strands && ret_choice->fire)
		lab_sim_record_unasked(sim, asker, ret_choice->fire);
	else
		lab_sim_record_choice(sim, &ask, ret_choice);
	return true;
}
