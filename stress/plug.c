/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/plug_backing.h"

/*
 * Memory goes and comes, a span at a time, while everybody allocates and releases, and tasks walk over all memory that
 * there is, whoever owns it. One task changes spans; what is gone is unreadable.
 */

#define CHANGE_ONE_IN 16u /* of the first task's operations */
#define WALK_ONE_IN   512u
#define HELD          6u

static struct lab_op change(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	struct lab_op op = lab_workload_op(LAB_OP_MEMORY, 0);

	/* Not for long: a span that went is back a few operations later. */
	if (state->phase) {
		op.peer = (uint16_t)(state->phase - 1);
		op.comes = true;
		return op;
	}
	op.peer = (uint16_t)lab_prng_below(&state->prng, setting->machine->span_count);
	return op;
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	bool task = actor->kind == LAB_CONTEXT_TASK;
	unsigned slot = (unsigned)lab_prng_below(&state->prng, HELD);

	if (task && lab_prng_chance(&state->prng, 1, WALK_ONE_IN))
		state->subset += lab_plug_walk(setting->shared, setting->machine->page_shift);
	if (task && actor->cpu == 0 && lab_prng_chance(&state->prng, 1, CHANGE_ONE_IN))
		return change(setting, state);
	if (!actor->slots[slot].block)
		return lab_workload_alloc(setting, slot, task ? LAB_GFP_NOWAIT : LAB_GFP_ATOMIC,
					  lab_workload_order(setting, state, 0, 3));
	return lab_workload_op(lab_prng_chance(&state->prng, 1, 4) ? LAB_OP_TOUCH : LAB_OP_FREE, slot);
}

static void done(const struct lab_workload_setting *setting, struct lab_workload_state *state,
		 const struct lab_actor *actor, const struct lab_op *op, enum lab_status status)
{
	if (op->kind != LAB_OP_MEMORY)
		return;
	if (op->comes) {
		state->phase = 0;
		return;
	}
	state->phase = status == LAB_OK ? op->peer + 1u : 0;
	lab_fetch_add_relaxed(status == LAB_OK ? &setting->shared->removed : &setting->shared->refused,
			      1); /* a statistic */
}

const struct lab_workload lab_workload_plug = {
	.name = "plug",
	.summary = "spans of memory go and come while all allocate, and tasks read whatever is there",
	.burst_max = 4,
	.next = next,
	.done = done,
};
