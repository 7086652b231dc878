/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/* Nobody can run and not all are done. */

static bool anybody_runnable(const struct lab_sim *sim)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		if (lab_sim_runnable(sim, &sim->strands[i]))
			return true;
	for (unsigned i = 0; i < sim->cpu_count; i++)
		if (lab_sim_runnable(sim, &sim->idle[i]))
			return true;
	return false;
}

/* The operation `wait` ends when there is no next event to wait for. */
static bool end_waits(struct lab_sim *sim)
{
	bool any = sim->waiting_count != 0;

	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		sim->strands[i].waiting = false;
	sim->waiting_count = 0;
	return any;
}

/* What a kernel's shrinkers would do for those that wait for memory: first what the dead had, the caches, then what
 * lies in mailboxes. */
static bool relieve(struct lab_sim *sim)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		if (lab_exec_is_dead(&sim->exec, sim->actors[i].cpu))
			continue;
		sim->engine.cpu = sim->actors[i].cpu;
		(void)lab_exec_shrink(&sim->exec, &sim->actors[i], UINT64_MAX);
	}
	for (unsigned i = 0; i < sim->exec.actor_count && !anybody_runnable(sim); i++) {
		if (lab_exec_is_dead(&sim->exec, sim->actors[i].cpu))
			continue;
		sim->engine.cpu = sim->actors[i].cpu;
		lab_exec_empty_mailbox(&sim->exec, &sim->actors[i]);
	}
	return anybody_runnable(sim);
}

/*
 * Who sleeps in a request that what is free could serve was not woken, since nobody can move. Judged by the highest
 * floor that its zone had in this run; of greater orders by a free run of that shape.
 */
static void judge_sleepers(struct lab_sim *sim)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		const struct lab_request *request = lab_actor_alloc(&sim->actors[i]);

		if (sim->strands[i].wait_key && request &&
		    lab_oracle_could_serve(sim->exec.oracle, request, sim->min_highest))
			lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, i, UINT64_MAX, request->order,
					  "lost wake-up: %s waits for %s free", lab_sim_name(sim, i),
					  request->order ? "a block that is" : "a frame that is");
	}
}

static void judge_locked(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	struct lab_sim_context *holder;
	unsigned waiter;

	if (!strand->blocked_on)
		return;
	holder = lab_sim_lock_holder(sim, strand->blocked_lock);
	waiter = strand->top->actor->index;
	lab_oracle_report(sim->exec.oracle, holder ? LAB_R08_INTERRUPT_SAFETY : LAB_R09_PROGRESS, waiter, UINT64_MAX, 0,
			  "deadlock: %s waits for a lock that %s holds, and nobody can move", lab_sim_name(sim, waiter),
			  holder ? lab_sim_name(sim, holder->actor->index) : "nobody known");
}

/* As judge_locked, of a circle of spinning ones only: no memory helps these, and who frees might need their locks. */
static void judge_locked_circle(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	const struct lab_sim_strand *at = strand;

	for (unsigned steps = 0; steps <= sim->exec.actor_count; steps++) {
		const struct lab_sim_context *holder =
			at && at->blocked_on ? lab_sim_lock_holder(sim, at->blocked_lock) : NULL;

		if (!holder)
			return;
		at = holder->strand;
	}
	judge_locked(sim, strand);
}

static void for_all(struct lab_sim *sim, void (*judge)(struct lab_sim *, struct lab_sim_strand *))
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		judge(sim, &sim->strands[i]);
	for (unsigned i = 0; i < sim->cpu_count; i++)
		judge(sim, &sim->idle[i]);
}

/* What the dead had in hand is nobody's, and yet not free: before it is got back, nobody waits in vain. */
static void reap_dead(struct lab_sim *sim)
{
	for (unsigned cpu = 0; cpu < sim->cpu_count && lab_load_relaxed(&sim->exec.unreaped); cpu++) { /* one thread */
		sim->engine.cpu = lab_sim_survivor(sim)->cpu;
		(void)lab_exec_reap(&sim->exec, lab_sim_survivor(sim), cpu);
	}
}

bool lab_sim_unstick(struct lab_sim *sim)
{
	if (end_waits(sim) || lab_sim_sync_time_out(sim))
		return true;
	reap_dead(sim);
	if (anybody_runnable(sim))
		return true;
	judge_sleepers(sim);                     /* before anything is freed for them, which might wake them */
	for_all(sim, lab_sim_sync_judge_circle); /* no memory helps these, and who frees might need their locks */
	for_all(sim, judge_locked_circle);
	if (relieve(sim))
		return true;
	for_all(sim, judge_locked);
	for_all(sim, lab_sim_sync_judge_stuck);
	judge_sleepers(sim);
	return false;
}
