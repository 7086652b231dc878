/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include "base/bits.h"

/*
 * The reclaimer, as a kernel's thread: a task of the last CPU, behind the scenario's own contexts. It rests until it is
 * asked for, then does step after step, each of which may be left and interrupted at any access, until the target says
 * that it may rest.
 */

/* Steps of one zone that end with more to do: each can at least have freed one frame. */
#define STEPS_MORE 64u

const struct lab_scenario_context *lab_sim_reclaim_plan(struct lab_sim *sim)
{
	sim->reclaim_plan = lab_scenario_actor(sim->scenario, sim->scenario->context_count);
	return &sim->reclaim_plan;
}

void lab_sim_reclaim_wake(struct lab_sim *sim, unsigned zone)
{
	struct lab_sim_context *reclaimer = sim->reclaimer;

	if (!reclaimer || zone >= LAB_ZONE_COUNT)
		return;
	lab_sim_weak_bracket(false); /* who wakes comes before who is woken */
	sim->shared = true;
	sim->reclaim_wanted |= 1u << zone;
	if (reclaimer->strand->top)
		return; /* at work: it looks again before it rests */
	reclaimer->strand->top = reclaimer;
	reclaimer->self.pending = (struct lab_sim_pending){.kind = LAB_SIM_START};
	sim->tasks_left++;
}

static void reclaim_zone(struct lab_sim *sim, struct lab_sim_context *reclaimer, unsigned zone)
{
	uint64_t steps_most = STEPS_MORE + 2 * sim->exec.machine->frame_count;

	for (uint64_t steps = 0; lab_exec_reclaim(&sim->exec, reclaimer->actor, zone) == LAB_RECLAIM_MORE; steps++) {
		if (steps == steps_most)
			lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, reclaimer->actor->index, UINT64_MAX, 0,
					  "the reclaimer wants more after %llu steps", (unsigned long long)steps);
		sim->shared = true;
		lab_sim_point(LAB_SIM_OP_END);
	}
	lab_sim_record(sim, reclaimer->actor->index, LAB_OP_KIND_COUNT + 3, zone, 0);
}

void lab_sim_reclaim_job(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	if (lab_race_engine)
		lab_race_engine->enter(strand->task);
	while (sim->reclaim_wanted) {
		unsigned zone = lab_bits_first(sim->reclaim_wanted);

		sim->reclaim_wanted &= ~(1u << zone);
		lab_sim_weak_bracket(true);
		reclaim_zone(sim, strand->task, zone);
		sim->shared = true;
		lab_sim_point(LAB_SIM_OP_END);
	}
	if (lab_race_engine)
		lab_race_engine->leave();
	sim->tasks_left--;
	sim->result->reclaims++;
}
