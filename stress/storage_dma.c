/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

#include "base/bits.h"

/*
 * A storage driver: exclusive buffers of four to thirty-two frames, mapped while the transfer runs, shredded or zeroed;
 * the completion interrupt releases what the task submitted.
 */

static lab_gfp buffer_gfp(struct lab_workload_state *state)
{
	static const lab_gfp kinds[] = {
		LAB_GFP_KERNEL | LAB_GFP_EXCLUSIVE | LAB_GFP_SHRED,
		LAB_GFP_KERNEL | LAB_GFP_EXCLUSIVE | LAB_GFP_ZERO,
		LAB_GFP_KERNEL | LAB_GFP_DMA | LAB_GFP_ZERO,
		LAB_GFP_NOWAIT | LAB_GFP_EXCLUSIVE | LAB_GFP_SHRED | LAB_GFP_ZERO,
		LAB_GFP_ATOMIC | LAB_GFP_SHRED,
		LAB_GFP_KERNEL,
	};

	return kinds[lab_prng_below(&state->prng, LAB_ARRAY_COUNT(kinds))];
}

static struct lab_op submit(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			    const struct lab_actor *actor)
{
	unsigned slot = state->slot;

	if (!actor->slots[slot].block) {
		state->phase = 0;
		return lab_workload_alloc(setting, slot, buffer_gfp(state), lab_workload_order(setting, state, 2, 5));
	}
	switch (state->phase++) {
	case 0:
		return lab_workload_op(LAB_OP_MAP, slot);
	case 1:
		return lab_workload_op(LAB_OP_TOUCH, slot);
	case 2: /* a second view: an exclusive block must refuse it */
		return lab_workload_op(LAB_OP_MAP, slot);
	case 3:
		return lab_workload_op(LAB_OP_UNMAP, slot);
	case 4:
		return lab_workload_op(LAB_OP_TOUCH, slot);
	default: /* most complete at once, some stay in flight */
		state->phase = 0;
		state->slot = (unsigned)lab_prng_below(&state->prng, LAB_SLOT_COUNT / 2);
		if (lab_prng_chance(&state->prng, 1, 3))
			return lab_workload_op(LAB_OP_FREE, slot);
		return lab_workload_give(slot, lab_workload_peer(setting, actor->cpu, LAB_CONTEXT_HARDIRQ));
	}
}

static struct lab_op complete(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			      const struct lab_actor *actor)
{
	if (actor->slots[0].block) {
		state->phase = !state->phase;
		return lab_workload_op(state->phase ? LAB_OP_TOUCH : LAB_OP_FREE, 0);
	}
	if (lab_prng_chance(&state->prng, 1, 4))
		return lab_workload_alloc(setting, 0, LAB_GFP_ATOMIC | LAB_GFP_SHRED,
					  lab_workload_order(setting, state, 0, 2));
	return lab_workload_op(LAB_OP_TAKE, 0);
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	/* Where no completion interrupt comes, the task's own mailbox holds what it submitted. */
	if (actor->kind == LAB_CONTEXT_TASK) {
		if (!(setting->levels & 1u << LAB_CONTEXT_HARDIRQ) && ++state->count % 4 == 0)
			return lab_workload_op(LAB_OP_TAKE, LAB_SLOT_COUNT / 2 + state->count / 4 % 8);
		return submit(setting, state, actor);
	}
	return complete(setting, state, actor);
}

const struct lab_workload lab_workload_storage_dma = {
	.name = "storage_dma",
	.summary = "exclusive, mapped, shredded buffers of orders 2 to 5, released by the completion interrupt",
	.burst_max = 12,
	.next = next,
};
