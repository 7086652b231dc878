/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include "base/bits.h"

/*
 * Kills: the operation `die`, mostly of an nmi handler, which comes in at any access of its CPU and under any mask. All
 * that runs on the CPU is over where it is, its tasks that have not begun and its lines, too. What a kernel keeps for
 * its processes, locks and sleepers' queues of the scenario, is let go.
 */

static void end_task(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	if (strand->top) {
		sim->cpus[strand->cpu].tasks_left--;
		sim->tasks_left--;
	}
	sim->waiting_count -= strand->waiting;
	strand->dead = strand->started;
	strand->top = NULL;
	strand->waiting = strand->at_boundary = false;
	strand->wait_key = strand->blocked_on = NULL;
	strand->blocked_lock = NULL;
	strand->sync = NULL;
	strand->fire = NULL;
}

static void end_context(struct lab_sim *sim, struct lab_sim_context *context)
{
	for (; context->held; context->held &= context->held - 1) {
		sim->locks[lab_bits_first(context->held)].word = 0;
		sim->locks[lab_bits_first(context->held)].holder = 0;
	}
	context->saved = 0;
	sim->raised -= context->pending;
	context->pending = false;
	if (context->actor->kind == LAB_CONTEXT_TASK)
		end_task(sim, context->strand);
}

/* Another CPU whose process lives: a context of the scenario's is there to go on, or to reap. */
static bool others_live(const struct lab_sim *sim, unsigned cpu)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		const struct lab_actor *actor = &sim->actors[i];

		if (actor->cpu != cpu && !lab_exec_is_dead(&sim->exec, actor->cpu))
			return true;
	}
	return false;
}

struct lab_actor *lab_sim_survivor(struct lab_sim *sim)
{
	unsigned i = 0;

	while (lab_exec_is_dead(&sim->exec, sim->actors[i].cpu))
		i++;
	return &sim->actors[i];
}

enum lab_status lab_sim_die(struct lab_exec *exec, struct lab_actor *actor)
{
	struct lab_sim *sim = exec->arg;
	struct lab_sim_strand *strand = sim->running;
	unsigned cpu = strand->cpu;

	/* Somebody has to be left; and the reclaimer is of a process that lives. */
	if (!others_live(sim, cpu) || (sim->reclaimer && sim->reclaimer->actor->cpu == cpu))
		return LAB_UNCHANGED;
	sim->shared = true;
	lab_sim_record(sim, actor->index, LAB_OP_DIE, cpu, 0);
	lab_sim_trace(sim, "%s: the process of cpu %u dies", lab_sim_name(sim, actor->index), cpu);
	lab_exec_die(exec, cpu);
	for (unsigned i = 0; i < exec->actor_count; i++)
		if (sim->actors[i].cpu == cpu)
			end_context(sim, &sim->contexts[i]);
	sim->cpus[cpu].irq_depth = 0;
	strand->dead = true;
	lab_sim_leave(sim, strand);
	__builtin_unreachable();
}

static void give_up(struct lab_sim_strand *strand)
{
	if (strand->dead)
		lab_coroutine_restart(strand->coroutine);
	strand->dead = false;
}

void lab_sim_give_up_dead(struct lab_sim *sim)
{
	if (!lab_load_relaxed(&sim->exec.died)) /* one thread */
		return;
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		give_up(&sim->strands[i]);
	for (unsigned cpu = 0; cpu < sim->cpu_count; cpu++)
		give_up(&sim->idle[cpu]);
}
