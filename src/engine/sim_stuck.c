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

/* What a kernel's shrinkers would do for those that wait for memory: first the caches, then what lies in mailboxes. */
static bool relieve(struct lab_sim *sim)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		sim->engine.cpu = sim->actors[i].cpu;
		(void)lab_exec_shrink(&sim->exec, &sim->actors[i], UINT64_MAX);
	}
	for (unsigned i = 0; i < sim->exec.actor_count && !anybody_runnable(sim); i++) {
		sim->engine.cpu = sim->actors[i].cpu;
		lab_exec_empty_mailbox(&sim->exec, &sim->actors[i]);
	}
	return anybody_runnable(sim);
}

/*
 * True when the request could have been served, whatever the shape of what is free: one frame, judged by the highest
 * floor that its zone had in this run.
 */
static bool satisfiable(const struct lab_sim *sim, const struct lab_request *request)
{
	enum lab_class class = lab_gfp_class(request->gfp);
	unsigned class_zone = request->gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL;

	if (request->order)
		return false;
	for (unsigned zone = 0; zone <= class_zone; zone++) {
		const struct lab_zone_marks *marks = &sim->exec.machine->zones[zone];
		uint64_t total = lab_oracle_total(sim->exec.oracle, zone);
		uint64_t owned = lab_oracle_owned(sim->exec.oracle, zone);
		uint64_t floor = lab_class_floor(class, sim->min_highest[zone]);

		if (class != LAB_CLASS_MEMALLOC)
			floor += marks->lowmem_reserve[class_zone];
		if (total > owned && total - owned > floor)
			return true;
	}
	return false;
}

static void report_locked(struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	struct lab_sim_context *holder = lab_sim_lock_holder(sim, strand->blocked_lock);
	unsigned waiter = strand->top->actor->index;

	lab_oracle_report(sim->exec.oracle, holder ? LAB_R08_INTERRUPT_SAFETY : LAB_R09_PROGRESS, waiter, UINT64_MAX, 0,
			  "deadlock: %s waits for a lock that %s holds, and nobody can move", lab_sim_name(sim, waiter),
			  holder ? lab_sim_name(sim, holder->actor->index) : "nobody known");
}

bool lab_sim_unstick(struct lab_sim *sim)
{
	if (end_waits(sim) || relieve(sim))
		return true;
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		if (sim->strands[i].blocked_on)
			report_locked(sim, &sim->strands[i]);
	for (unsigned i = 0; i < sim->cpu_count; i++)
		if (sim->idle[i].blocked_on)
			report_locked(sim, &sim->idle[i]);
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		const struct lab_sim_strand *strand = &sim->strands[i];
		const struct lab_request *request = sim->actors[i].in_call;

		if (strand->wait_key && request && satisfiable(sim, request))
			lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, i, UINT64_MAX, request->order,
					  "lost wake-up: %s waits for a frame that is free", lab_sim_name(sim, i));
	}
	return false;
}
