/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include "base/bits.h"

/*
 * Machines stay as they are from run to run, each with its oracle and census: making these costs more than most runs.
 * A fuzzer's inputs differ in few machines, so the least recently used place is taken by a new one.
 */

static void report(void *arg, const struct lab_finding *finding)
{
	struct lab_sim *sim = arg;

	if (!sim->result->found) {
		sim->result->found = true;
		sim->result->finding = *finding;
		/* outside an arena the frame is an address, which differs between processes */
		lab_sim_record(sim, finding->actor, LAB_OP_KIND_COUNT + 2, finding->rule,
			       sim->target->caps & LAB_CAP_ARENA ? finding->frame : UINT64_MAX);
	}
	lab_sim_abandon(sim);
}

static void bracket(void *arg, bool begins)
{
	lab_sim_weak_bracket(begins);
}

void lab_sim_shape_free(struct lab_sim_shape *shape)
{
	if (shape->oracle)
		lab_oracle_destroy(shape->oracle);
	shape->oracle = NULL;
	lab_sim_image_free(shape);
	lab_machine_free(&shape->store);
	shape->have_census = false;
}

static enum lab_status make(struct lab_sim *sim, struct lab_sim_shape *shape, const struct lab_scenario *scenario)
{
	enum lab_status status;
	struct lab_oracle_config config;

	if (shape->oracle)
		lab_oracle_destroy(shape->oracle);
	shape->oracle = NULL;
	shape->have_census = false;
	lab_sim_image_free(shape);
	status = lab_machine_build(&shape->store, &scenario->machine, sim->target, &lab_sim_host);
	if (status != LAB_OK)
		return status;
	shape->machine = scenario->machine;
	shape->actor_room = LAB_MAX((unsigned)scenario->context_count, LAB_FUZZ_TASK_MAX + LAB_FUZZ_LINE_MAX) + 1;
	config = (struct lab_oracle_config){
		.machine = &shape->store.machine,
		.target = sim->target,
		.actor_count = shape->actor_room,
		.actor_name = lab_sim_name,
		.report = report,
		.bracket = bracket,
		.arg = sim,
		.one_thread = true,
	};
	return lab_oracle_create(&config, &shape->oracle);
}

enum lab_status lab_sim_shape_use(struct lab_sim *sim, const struct lab_scenario *scenario)
{
	struct lab_sim_shape *shape = NULL;
	enum lab_status status;

	for (unsigned i = 0; i < LAB_SIM_SHAPE_COUNT && !shape; i++)
		if (sim->shapes[i].oracle && sim->shapes[i].actor_room > scenario->context_count &&
		    lab_scenario_machine_equal(&sim->shapes[i].machine, &scenario->machine))
			shape = &sim->shapes[i];
	if (!shape) {
		shape = &sim->shapes[0];
		for (unsigned i = 1; i < LAB_SIM_SHAPE_COUNT; i++)
			if (sim->shapes[i].last_used < shape->last_used)
				shape = &sim->shapes[i];
		status = make(sim, shape, scenario);
		if (status != LAB_OK)
			return status;
	}
	shape->last_used = ++sim->run_count;
	sim->shape = shape;
	sim->words = shape->words;
	sim->word_count = shape->word_count;
	sim->exec.machine = &shape->store.machine;
	sim->exec.oracle = shape->oracle;
	sim->arena_start = (uintptr_t)shape->store.machine.base;
	sim->arena_bytes = sim->target->caps & LAB_CAP_ARENA
				   ? (size_t)shape->store.machine.frame_count << shape->store.machine.page_shift
				   : 0;
	lab_oracle_reset(shape->oracle, shape->have_census);
	if (sim->target->caps & LAB_CAP_ARENA)
		lab_machine_wipe(&shape->store);
	return LAB_OK;
}
