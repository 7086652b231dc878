/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/*
 * Checkerboard, then great orders: single frames of which every second one is kept for long, then blocks as great as
 * the machine has, then some of the kept ones go and it begins anew.
 */

enum { FILL, OPEN_HOLES, GREAT, RELEASE };

#define BOARDS 8u /* checkerboards of 2 x SLOT_COUNT frames before the great orders */

static struct lab_op fill(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	unsigned i = state->count++;

	if (state->count == 2 * LAB_SLOT_COUNT - 2) {
		state->count = 0;
		state->phase = OPEN_HOLES;
	}
	/* Slot 0 is always full, so what was there goes to the kept list; the others become the holes. */
	return lab_workload_alloc(setting, i % 2 ? 1 + i / 2 : 0, LAB_GFP_KERNEL, 0);
}

static struct lab_op open_holes(struct lab_workload_state *state)
{
	unsigned slot = 1 + state->count++;

	if (state->count == LAB_SLOT_COUNT - 1) {
		state->count = 0;
		state->phase = ++state->slot % BOARDS ? FILL : GREAT;
	}
	return lab_workload_op(LAB_OP_FREE, slot);
}

static struct lab_op great(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			   const struct lab_actor *actor)
{
	unsigned slot = 1 + (unsigned)lab_prng_below(&state->prng, LAB_SLOT_COUNT - 1);

	if (++state->count == 4 * LAB_SLOT_COUNT) {
		state->count = 0;
		state->phase = RELEASE;
	}
	if (!actor->slots[slot].block)
		return lab_workload_alloc(setting, slot, LAB_GFP_KERNEL,
					  (unsigned)lab_prng_below(&state->prng, setting->machine->order_max + 1));
	return lab_workload_op(lab_prng_chance(&state->prng, 1, 8) ? LAB_OP_TOUCH : LAB_OP_FREE, slot);
}

static struct lab_op release(struct lab_workload_state *state)
{
	struct lab_op op = lab_workload_op(LAB_OP_RECLAIM, 0);

	state->phase = FILL;
	op.value = lab_prng_below(&state->prng, 2 * BOARDS * LAB_SLOT_COUNT);
	return op;
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	if (actor->kind != LAB_CONTEXT_TASK) {
		if (actor->slots[0].block)
			return lab_workload_op(LAB_OP_FREE, 0);
		return lab_workload_alloc(setting, 0, LAB_GFP_ATOMIC, lab_workload_order(setting, state, 0, 4));
	}
	switch (state->phase) {
	case FILL:
		return fill(setting, state);
	case OPEN_HOLES:
		return open_holes(state);
	case GREAT:
		return great(setting, state, actor);
	default:
		return release(state);
	}
}

const struct lab_workload lab_workload_fragmenter = {
	.name = "fragmenter",
	.summary = "every second single frame kept, then blocks of the greatest orders",
	.burst_max = 4,
	.next = next,
};
