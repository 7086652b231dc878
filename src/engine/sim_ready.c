/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "plat/atomic.h"

#define STACK_BYTES (256u << 10) /* four nested contexts under AddressSanitizer, whose frames are large */
#define KEPT_ROOM   64u
#define SCAN_EVENTS 16u /* for a look at one frame, of an allocator that looks at frame after frame */

/* Forgets all but the stack. */
static void rest_strand(struct lab_sim *sim, struct lab_sim_strand *strand, unsigned cpu)
{
	struct lab_coroutine *coroutine = strand->coroutine;

	memset(strand, 0, offsetof(struct lab_sim_strand, spin));
	strand->sim = sim;
	strand->coroutine = coroutine;
	strand->cpu = cpu;
	lab_spin_forget(&strand->spin);
}

static enum lab_status ready_stack(struct lab_sim_strand *strand, void (*body)(void *))
{
	enum lab_status status =
		strand->coroutine ? LAB_OK : lab_coroutine_create(STACK_BYTES, body, strand, &strand->coroutine);

	if (status == LAB_OK)
		strand->stack = lab_coroutine_stack(strand->coroutine, &strand->stack_bytes);
	return status;
}

static enum lab_status ready_actors(struct lab_sim *sim, unsigned count)
{
	if (count > sim->actor_room) {
		struct lab_actor *grown = realloc(sim->actors, count * sizeof(*grown));

		if (!grown)
			return LAB_NO_MEMORY;
		sim->actors = grown;
		for (; sim->actor_room < count; sim->actor_room++)
			if (lab_actor_init(&grown[sim->actor_room], sim->actor_room, LAB_CONTEXT_TASK, 0, KEPT_ROOM) !=
			    LAB_OK)
				return LAB_NO_MEMORY;
	}
	sim->exec.actors = sim->actors;
	sim->exec.actor_count = count;
	return LAB_OK;
}

/*
 * A strand's body goes with its stack, and a stack is kept: strands[i] runs tasks only, idle[i] handlers only. Where
 * the context i of this run is a handler, strands[i] rests.
 */
static void ready_context(struct lab_sim *sim, unsigned index, const struct lab_scenario_context *plan)
{
	struct lab_sim_context *context = &sim->contexts[index];

	lab_actor_reset(&sim->actors[index], index, plan->kind, plan->cpu);
	*context = (struct lab_sim_context){.actor = &sim->actors[index], .plan = plan};
	context->self = (struct lab_candidate){.context = index, .cpu = plan->cpu, .over = LAB_NOBODY};
	context->entry = (struct lab_candidate){.context = index, .cpu = plan->cpu, .fires = true};
	rest_strand(sim, &sim->strands[index], plan->cpu);
}

/* Behind the scenario's; nobody is on its strand until it is asked for. */
static enum lab_status ready_reclaimer(struct lab_sim *sim, unsigned index)
{
	struct lab_sim_strand *strand = &sim->strands[index];

	ready_context(sim, index, lab_sim_reclaim_plan(sim));
	sim->reclaimer = strand->task = &sim->contexts[index];
	sim->reclaimer->strand = strand;
	return ready_stack(strand, lab_sim_task_body);
}

static enum lab_status ready_contexts(struct lab_sim *sim, const struct lab_scenario *scenario)
{
	enum lab_status status;

	rest_strand(sim, &sim->engine, 0);
	for (unsigned cpu = 0; cpu < sim->cpu_count && sim->handler_count; cpu++)
		rest_strand(sim, &sim->idle[cpu], cpu);
	status = ready_stack(&sim->engine, lab_sim_engine_body);
	for (unsigned i = 0; i < scenario->context_count && status == LAB_OK; i++) {
		const struct lab_scenario_context *plan = &scenario->contexts[i];
		struct lab_sim_context *context = &sim->contexts[i];

		ready_context(sim, i, plan);
		if (plan->kind != LAB_CONTEXT_TASK) {
			status = ready_stack(&sim->idle[plan->cpu], lab_sim_idle_body);
			continue;
		}
		context->strand = &sim->strands[i];
		context->strand->task = context->strand->top = context;
		sim->cpus[plan->cpu].tasks_left++;
		sim->tasks_left++;
		status = ready_stack(context->strand, lab_sim_task_body);
	}
	if (status == LAB_OK && sim->exec.actor_count > scenario->context_count)
		status = ready_reclaimer(sim, (unsigned)scenario->context_count);
	for (size_t i = 0; i < scenario->directive_count; i++)
		sim->has_fire_at |= scenario->directives[i].kind == LAB_DIRECTIVE_FIRE_AT;
	return status;
}

enum lab_status lab_sim_ready(struct lab_sim *sim, const struct lab_scenario *scenario)
{
	/* A scenario that fills the table has no reclaimer. */
	bool reclaims = sim->target->caps & LAB_CAP_RECLAIM && scenario->context_count < LAB_CONTEXT_MAX;
	unsigned count = (unsigned)scenario->context_count;
	enum lab_status status;

	lab_assert_cmp(scenario->context_count, <=, LAB_CONTEXT_MAX);
	lab_assert_cmp(scenario->machine.cpu_count, <=, LAB_CPU_MAX);
	sim->scenario = scenario;
	sim->cpu_count = scenario->machine.cpu_count;
	memset(sim->cpus, 0, sim->cpu_count * sizeof(sim->cpus[0]));
	memset(sim->locks, 0, sizeof(sim->locks));
	sim->class_count = sim->tasks_left = sim->waiting_count = sim->handler_count = 0;
	sim->next_byte = sim->next_directive = 0;
	sim->directive_ops = 0;
	sim->events = sim->engine_events = 0;
	sim->events_most = sim->options.step_budget;
	sim->engine_asks = sim->raised = sim->sync_tickets = 0;
	sim->tells = sim->options.strategy && sim->options.strategy->ops->comes_in;
	sim->shared = false;
	sim->last_context = sim->step.context = LAB_NOBODY;
	sim->has_fire_at = sim->finished = false;
	lab_store_relaxed(&sim->exec.marks_busy, 0); /* the last run may have ended inside a change of watermarks */
	lab_store_relaxed(&sim->exec.plug_busy, 0);  /* or of a CPU */
	lab_store_relaxed(&sim->exec.memory_busy, 0);
	lab_store_relaxed(&sim->exec.offline, 0);
	lab_store_relaxed(&sim->exec.reap_busy, 0);
	lab_store_relaxed(&sim->exec.died, 0);
	lab_store_relaxed(&sim->exec.unreaped, 0);
	for (unsigned i = 0; i < count; i++)
		sim->handler_count += scenario->contexts[i].kind != LAB_CONTEXT_TASK;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		sim->min_highest[zone] = scenario->machine.zones[zone].min;
	sim->reclaimer = NULL;
	sim->reclaim_wanted = 0;
	sim->random = sim->random_start;
	lab_order_begin(&sim->order);
	status = ready_actors(sim, count + reclaims);
	if (status == LAB_OK)
		status = ready_contexts(sim, scenario);
	if (status == LAB_OK)
		status = lab_sim_shape_use(sim, scenario);
	sim->hurries = sim->options.settled && !sim->options.trace && !sim->options.touch && !sim->options.pairs &&
		       !sim->has_fire_at && !sim->tells;
	/* taking every frame and giving it back is many calls, but bounded: rules of quiescence */
	sim->engine_events_most = sim->options.step_budget + (sim->module ? 4096 : 64) * scenario->machine.frame_count;
	if (sim->module)
		sim->engine_events_most += SCAN_EVENTS * scenario->machine.frame_count * scenario->machine.frame_count;
	return status;
}
