/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/*
 * Tasks ask for memory that they keep and never give back by themselves, so that the machine is always short: they wait
 * for one another, and what lets them go on is the reclaimer, the shrinkers, and now and then one who frees. Interrupts
 * take from the reserve meanwhile and give it back.
 */

#define SLOTS 8u

static struct lab_op task_alloc(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	unsigned order = lab_workload_order(setting, state, 0, 3);
	lab_gfp gfp = LAB_GFP_KERNEL;

	if (lab_prng_chance(&state->prng, 1, 8))
		gfp |= LAB_GFP_NORETRY;
	else if (order < 2 && lab_prng_chance(&state->prng, 1, 16))
		gfp |= LAB_GFP_NOFAIL;
	if (lab_prng_chance(&state->prng, 1, 8))
		gfp |= LAB_GFP_HIGH;
	if (lab_prng_chance(&state->prng, 1, 16))
		gfp |= LAB_GFP_ZERO;
	/* The slots are full most of the time: what was in them is kept, for the shrinkers. */
	return lab_workload_alloc(setting, (unsigned)lab_prng_below(&state->prng, SLOTS), gfp, order);
}

static struct lab_op task_next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			       const struct lab_actor *actor)
{
	unsigned slot = (unsigned)lab_prng_below(&state->prng, SLOTS);
	struct lab_op op;

	switch (lab_prng_below(&state->prng, 32)) {
	case 0:
	case 1:
	case 2:
		return lab_workload_op(LAB_OP_FREE, slot);
	case 3:
	case 4:
	case 5:
		return lab_workload_op(LAB_OP_TOUCH, slot);
	case 6:
		return lab_workload_give(
			slot, lab_workload_peer(setting, (unsigned)lab_prng_below(&state->prng, setting->threads),
						LAB_CONTEXT_TASK));
	case 7:
		return lab_workload_op(LAB_OP_TAKE, slot);
	case 8:
		op = lab_workload_op(LAB_OP_RECLAIM, 0);
		op.value = lab_prng_below(&state->prng, 64);
		return op;
	default:
		return task_alloc(setting, state);
	}
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	if (actor->kind == LAB_CONTEXT_TASK)
		return task_next(setting, state, actor);
	state->slot = (state->slot + 1) % 4;
	if (actor->slots[state->slot].block)
		return lab_workload_op(LAB_OP_FREE, state->slot);
	return lab_workload_alloc(setting, state->slot, LAB_GFP_ATOMIC, lab_workload_order(setting, state, 0, 1));
}

const struct lab_workload lab_workload_reclaim = {
	.name = "reclaim",
	.summary = "sleepers, the reclaimer and shrinkers on a machine that is always short",
	.burst_max = 6,
	.next = next,
};
