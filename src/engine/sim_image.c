/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <stdlib.h>
#include <string.h>

#include "target/changes.h"

/*
 * A hooked module's memory is put back between runs, so an instance is made once for each machine and every run starts
 * from what create left behind; an abandoned one needs no destroy.
 *
 * Before its first instance the module gets a warm-up: one instance on a small machine, made and destroyed. What a
 * target makes once a process is made then, and is the same for every machine that follows.
 */

static enum lab_status warm_up(struct lab_sim *sim)
{
	const struct lab_scenario_machine plan = {
		.frame_count = 64,
		.page_shift = 6,
		.cpu_count = 1,
		.order_max = 3,
		.span_count = 1,
		.spans = {{.first_frame = 0, .frame_count = 64, .zone = LAB_ZONE_NORMAL}},
	};
	struct lab_machine_store store = {0};
	enum lab_status status = lab_machine_build(&store, &plan, sim->target, &lab_sim_host);
	void *self;

	if (status != LAB_OK)
		return status;
	/* a target that cannot live on this machine has no instance to make ready */
	if (sim->target->create(&store.machine, &self) == LAB_OK)
		sim->target->destroy(self);
	lab_machine_free(&store);
	sim->engine.local = (struct lab_sim_local){0};
	return lab_module_save(sim->module, &sim->module->warm);
}

enum lab_status lab_sim_image_fresh(struct lab_sim *sim)
{
	if (!sim->module)
		return LAB_OK;
	if (!sim->module->warm.taken)
		return warm_up(sim);
	sim->engine.local = (struct lab_sim_local){0};
	lab_module_restore(sim->module, &sim->module->warm);
	return LAB_OK;
}

bool lab_sim_image_resume(struct lab_sim *sim)
{
	struct lab_sim_shape *shape = sim->shape;

	if (!sim->module || !shape->image.taken)
		return false;
	lab_module_restore(sim->module, &shape->image);
	if (shape->frames)
		memcpy(shape->store.machine.base, shape->frames, shape->store.mapped_bytes);
	sim->random = shape->random;
	sim->engine.local = shape->local;
	sim->exec.self = shape->self;
	return true;
}

static enum lab_status keep_frames(struct lab_sim_shape *shape)
{
	const char *bytes = shape->store.machine.base;
	size_t count = (size_t)shape->store.machine.frame_count << shape->store.machine.page_shift;

	if (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0)
		return LAB_OK; /* untouched: a run's start finds them wiped */
	shape->frames = malloc(shape->store.mapped_bytes);
	if (!shape->frames)
		return LAB_NO_MEMORY;
	memcpy(shape->frames, bytes, shape->store.mapped_bytes);
	return LAB_OK;
}

static enum lab_status watch_words(struct lab_sim *sim)
{
	struct lab_sim_shape *shape = sim->shape;
	size_t words = shape->image.heap.used / sizeof(uint64_t);

	shape->words = calloc(words + 1, sizeof(*shape->words));
	if (!shape->words)
		return LAB_NO_MEMORY;
	shape->word_count = sim->word_count = words;
	sim->words = shape->words;
	for (size_t word = 0; word < words; word++)
		if (!lab_heap_allows(&sim->module->heap, word * sizeof(uint64_t), sizeof(uint64_t)))
			shape->words[word] |= LAB_SIM_WORD_OUTSIDE;
	return LAB_OK;
}

void lab_sim_settle(struct lab_sim *sim)
{
	for (unsigned i = 0; i < LAB_SIM_SHAPE_COUNT; i++) {
		struct lab_sim_shape *shape = &sim->shapes[i];

		for (size_t word = 0; word < shape->word_count; word++)
			shape->words[word] |= shape->words[word] & LAB_SIM_WORD_WRITTEN ? LAB_SIM_WORD_MOVES : 0;
	}
}

enum lab_status lab_sim_image_keep(struct lab_sim *sim)
{
	struct lab_sim_shape *shape = sim->shape;
	enum lab_status status;

	if (!sim->module)
		return LAB_OK;
	status = sim->target->caps & LAB_CAP_ARENA ? keep_frames(shape) : LAB_OK;
	if (status == LAB_OK)
		status = lab_module_save(sim->module, &shape->image);
	shape->random = sim->random;
	shape->local = sim->engine.local;
	shape->self = sim->exec.self;
	return status == LAB_OK ? watch_words(sim) : status;
}

void lab_sim_image_free(struct lab_sim_shape *shape)
{
	lab_module_image_free(&shape->image);
	free(shape->frames);
	free(shape->words);
	shape->frames = NULL;
	shape->words = NULL;
	shape->word_count = 0;
	memset(shape->sound, 0, sizeof(shape->sound));
}

/*
 * The end of most runs is a state that was judged before: what the module, the frames and the oracle hold is all that
 * the judgement depends on.
 */
bool lab_sim_image_judged(struct lab_sim *sim, uint64_t *ret_state)
{
	const struct lab_machine *machine = sim->exec.machine;
	uint64_t state;

	*ret_state = 0;
	if (!sim->module || !(sim->target->caps & LAB_CAP_ARENA))
		return false;
	state = lab_module_changes(sim->module, &sim->shape->image, lab_oracle_hash(sim->exec.oracle));
	state = lab_changes_hash(machine->base, sim->shape->frames, (size_t)machine->frame_count << machine->page_shift,
				 state);
	*ret_state = state;
	return state && sim->shape->sound[state % LAB_SIM_SOUND_STATES] == state;
}

void lab_sim_image_sound(struct lab_sim *sim, uint64_t state)
{
	sim->shape->sound[state % LAB_SIM_SOUND_STATES] = state;
}
