/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

#include "base/bits.h"

/*
 * Takes everything: ordinary requests down to the floor, then each class as deep as it may, then gives some or all of
 * it back. The kept list holds the memory, so its room bounds how deep one context can go.
 */

/* Ordinary, high, atomic, memalloc: all without the rights to wait and to wake the reclaimer, which would give back. */
static const lab_gfp classes[] = {
	0,
	LAB_GFP_HIGH | LAB_GFP_NOMEMALLOC,
	LAB_GFP_HIGH,
	LAB_GFP_HIGH | LAB_GFP_MEMALLOC,
};

#define TRIES_MAX 4096u /* of one class, should others give back as fast as this one takes */

static struct lab_op take_all(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			      const struct lab_actor *actor)
{
	struct lab_op op;

	if (state->count && (!actor->slots[0].block || state->count == TRIES_MAX)) {
		/* Refused. A great order may have been the reason: only a single frame's refusal says that the class
		 * is at its floor. */
		state->phase += state->singles;
		state->singles = !state->singles;
		state->count = 0;
	}
	if (state->phase == LAB_ARRAY_COUNT(classes)) {
		state->phase = 0;
		op = lab_workload_op(LAB_OP_RECLAIM, 0);
		op.value = lab_prng_chance(&state->prng, 1, 4) ? setting->machine->frame_count
							       : lab_prng_below(&state->prng, 512);
		return op;
	}
	state->count++;
	return lab_workload_alloc(setting, 0, classes[state->phase],
				  state->singles ? 0
						 : lab_workload_order(setting, state, 0, setting->machine->order_max));
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	lab_gfp gfp = actor->kind == LAB_CONTEXT_NMI ? LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC : LAB_GFP_ATOMIC;

	if (actor->kind == LAB_CONTEXT_TASK)
		return take_all(setting, state, actor);
	state->slot = (state->slot + 1) % 4;
	if (actor->slots[state->slot].block)
		return lab_workload_op(LAB_OP_FREE, state->slot);
	return lab_workload_alloc(setting, state->slot, gfp, lab_workload_order(setting, state, 0, 2));
}

const struct lab_workload lab_workload_exhaust = {
	.name = "exhaust",
	.summary = "drains to the floor, then each class dips as deep as it may",
	.burst_max = 6,
	.next = next,
};
