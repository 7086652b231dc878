/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/memory.h"
#include "plat/sanitizer.h"

#define RANDOM_SEED         UINT64_C(0x6c61627972696e74)
#define STEP_BUDGET_DEFAULT (UINT64_C(1) << 20)

struct lab_sim *lab_sim_current;

static void move_engine(void *arg, unsigned cpu)
{
	struct lab_sim *sim = arg;

	sim->engine.cpu = cpu;
}

/* What is left is released by the engine, a task of each context's CPU in turn. */
static void close_run(struct lab_sim *sim)
{
	if (lab_load_relaxed(&sim->exec.unreaped)) { /* one thread */
		sim->engine.cpu = lab_sim_survivor(sim)->cpu;
		lab_exec_reap_all(&sim->exec, lab_sim_survivor(sim));
	}
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		sim->engine.cpu = sim->actors[i].cpu;
		lab_exec_release_all(&sim->exec, &sim->actors[i]);
	}
	lab_exec_drain_online(&sim->exec, move_engine, sim);
	lab_sim_local_drain(sim);
}

/* The oracle's last look, and the instance's end. */
static void judge_run(struct lab_sim *sim)
{
	uint64_t state;

	if (sim->options.quiesce) {
		if (lab_sim_image_judged(sim, &state))
			return;
		lab_oracle_quiesce(sim->exec.oracle, sim->exec.self);
		lab_sim_image_sound(sim, state);
	}
	sim->target->destroy(sim->exec.self);
}

/* The module as it was at first, and once for each machine a census. */
static enum lab_status make_ready(struct lab_sim *sim)
{
	enum lab_status status = lab_sim_image_fresh(sim);

	if (status != LAB_OK || sim->shape->have_census)
		return status;
	lab_oracle_census(sim->exec.oracle);
	sim->shape->have_census = true;
	if (sim->target->caps & LAB_CAP_ARENA)
		lab_machine_wipe(&sim->shape->store);
	return lab_sim_image_fresh(sim);
}

LAB_NO_COVERAGE static enum lab_status open_run(struct lab_sim *sim)
{
	enum lab_status status;

	lab_sim_aside(sim, true);
	if (lab_sim_image_resume(sim))
		return LAB_OK;
	status = make_ready(sim);
	lab_sim_aside(sim, sim->module); /* an instance that is made in each run is part of it */
	if (status == LAB_OK)
		status = sim->target->create(sim->exec.machine, &sim->exec.self);
	return status == LAB_OK ? lab_sim_image_keep(sim) : status;
}

static void one_run(struct lab_sim *sim)
{
	struct lab_sim_choice choice;
	bool shared;

	sim->status = open_run(sim);
	lab_sim_aside(sim, false);
	if (sim->status != LAB_OK)
		return;
	for (;;) {
		while (lab_sim_choose_other(sim, NULL, &choice)) {
			choice.strand->fire = choice.fire;
			lab_sim_switch(sim, choice.strand);
		}
		if (!sim->tasks_left)
			break;
		if (!lab_sim_unstick(sim)) {
			sim->result->starved = true;
			break;
		}
	}
	shared = sim->shared;
	if (!sim->result->starved) {
		close_run(sim);
		lab_sim_aside(sim, sim->module); /* only the first run to end in a state is judged */
		judge_run(sim);
	} else if (!sim->module) {
		sim->target->destroy(sim->exec.self);
	}
	sim->shared = shared; /* the last step's: what the engine calls after it is no part of it */
}

LAB_NO_COVERAGE void lab_sim_engine_body(void *arg)
{
	struct lab_sim_strand *strand = arg;

	for (;;) {
		struct lab_sim *sim = strand->sim;

		one_run(sim);
		sim->finished = true;
		sim->engine.started = false;
		lab_coroutine_switch(strand->coroutine, sim->outside);
	}
}

LAB_NO_COVERAGE static void give_up(struct lab_sim_strand *strand)
{
	if (strand->started)
		lab_coroutine_restart(strand->coroutine);
	strand->started = false;
	strand->top = NULL;
	strand->blocked_on = NULL;
	strand->sync = NULL;
}

/* Stacks that hold calls which never end. */
LAB_NO_COVERAGE static void give_up_stacks(struct lab_sim *sim)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		give_up(&sim->strands[i]);
	for (unsigned cpu = 0; cpu < sim->cpu_count; cpu++)
		give_up(&sim->idle[cpu]);
	give_up(&sim->engine);
}

/*
 * An instance in which a rule was broken is never called again, not even to destroy it. It stays referred to, with the
 * blocks that were out, so that a leak checker tells of the target's leaks only.
 */
static void bury(struct lab_sim *sim)
{
	static struct lab_sim_abandoned *graveyard;
	struct lab_sim_abandoned *grave;

	if (sim->module)
		return; /* the next run puts the module's memory back */
	grave = malloc(sizeof(*grave));
	if (!grave)
		return;
	*grave = (struct lab_sim_abandoned){graveyard, sim->exec.self, sim->actors};
	graveyard = grave;
	sim->actors = NULL;
	sim->actor_room = 0;
}

enum lab_status lab_sim_create(const struct lab_target *target, struct lab_sim **ret_sim)
{
	struct lab_sim *sim = calloc(1, sizeof(*sim));
	enum lab_status status;

	if (!sim)
		return LAB_NO_MEMORY;
	sim->target = target;
	sim->module = lab_module_of(target);
	if (sim->module) {
		sim->heap_start = (uintptr_t)sim->module->heap.base;
		sim->heap_room = sim->module->heap.room;
	}
	sim->exec.target = target;
	sim->exec.engine = &lab_sim_engine_ops;
	sim->exec.one_thread = true;
	sim->exec.arg = sim;
	sim->exec.mask_interrupts = !(target->caps & LAB_CAP_IRQ);
	lab_prng_seed(&sim->random_start, RANDOM_SEED, 0);
	status = lab_coroutine_adopt(&sim->outside);
	if (status != LAB_OK) {
		free(sim);
		return status;
	}
	*ret_sim = sim;
	return LAB_OK;
}

static void free_actors(struct lab_actor *actors, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		lab_actor_fini(&actors[i]);
	free(actors);
}

void lab_sim_destroy(struct lab_sim *sim)
{
	if (lab_race_engine)
		lab_race_engine->destroy(sim);
	for (unsigned i = 0; i < LAB_CONTEXT_MAX; i++)
		lab_coroutine_destroy(sim->strands[i].coroutine);
	for (unsigned i = 0; i < LAB_CPU_MAX; i++)
		lab_coroutine_destroy(sim->idle[i].coroutine);
	lab_coroutine_destroy(sim->engine.coroutine);
	lab_coroutine_destroy(sim->outside);
	for (unsigned i = 0; i < LAB_SIM_SHAPE_COUNT; i++)
		lab_sim_shape_free(&sim->shapes[i]);
	free_actors(sim->actors, sim->actor_room);
	lab_memory_destroy(sim->memory);
	free(sim);
}

void lab_sim_beat(struct lab_sim *sim, lab_atomic64 *beats)
{
	sim->beats = beats;
}

/* relaxed: the only writer, and who watches wants to know no more than that it goes on */
static void beat(struct lab_sim *sim)
{
	if (sim->beats)
		lab_store_relaxed(sim->beats, lab_load_relaxed(sim->beats) + 1);
}

/* From the first choice to the end; everything is as at the first instant. */
static enum lab_status run_ready(struct lab_sim *sim, const struct lab_scenario *scenario)
{
	struct lab_heap *outer_heap = lab_module_heap;
	struct lab_sim *outer = lab_sim_current;

	if (sim->options.strategy)
		sim->options.strategy->ops->begin(sim->options.strategy, scenario);
	lab_sim_weak_begin(sim);
	lab_sim_current = sim;
	sim->running = &sim->engine;
	sim->engine.started = true;
	lab_module_heap = sim->module ? &sim->module->heap : NULL;
	beat(sim);
	lab_coroutine_switch(sim->outside, sim->engine.coroutine);
	beat(sim);
	lab_sim_aside(sim, false);
	lab_module_heap = outer_heap;
	lab_sim_current = outer;
	lab_sim_weak_end(sim);
	lab_sim_step_end(sim);
	lab_sim_order_last(sim);
	sim->result->trace_hash = sim->order.sum;
	if (sim->options.strategy)
		sim->options.strategy->ops->end(sim->options.strategy, sim->shared);
	sim->result->event_count = sim->events;
	sim->result->unjudged = lab_oracle_unjudged(sim->exec.oracle);
	sim->result->windows = lab_oracle_windows(sim->exec.oracle);
	sim->result->windows_unjudged = lab_oracle_windows_unjudged(sim->exec.oracle);
	if (!sim->finished || sim->result->starved)
		give_up_stacks(sim);
	lab_sim_give_up_dead(sim);
	if (!sim->finished)
		bury(sim);
	return sim->finished ? sim->status : LAB_OK;
}

enum lab_status lab_sim_run(struct lab_sim *sim, const struct lab_scenario *scenario,
			    const struct lab_sim_options *options, struct lab_sim_result *ret_result)
{
	enum lab_status status;

	memset(ret_result, 0, sizeof(*ret_result));
	sim->result = ret_result;
	sim->options = *options;
	if (!sim->options.step_budget)
		sim->options.step_budget = STEP_BUDGET_DEFAULT;
	if (lab_race_engine)
		lab_race_engine->begin(sim);
	lab_sim_aside(sim, true);
	status = lab_sim_ready(sim, scenario);
	lab_sim_aside(sim, false);
	if (status == LAB_OK)
		status = run_ready(sim, scenario);
	if (lab_race_engine)
		lab_race_engine->end(sim);
	return status;
}
