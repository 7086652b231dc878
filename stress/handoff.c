/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/* Allocated on one CPU, released on another, in whatever context the receiver is: nothing comes back where it was. */

static unsigned receiver(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	unsigned thread = (unsigned)lab_prng_below(&state->prng, setting->threads);
	enum lab_context_kind kind = (enum lab_context_kind)lab_prng_below(&state->prng, LAB_CONTEXT_NMI + 1);

	/* Half to tasks: those are the ones that surely come round to take it. */
	if (lab_prng_chance(&state->prng, 1, 2))
		kind = LAB_CONTEXT_TASK;
	return lab_workload_peer(setting, thread, kind);
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	lab_gfp gfp = actor->kind == LAB_CONTEXT_TASK ? LAB_GFP_KERNEL : LAB_GFP_ATOMIC;

	/* Slot 0 is on its way out, slot 1 has come in. */
	switch (state->phase++ % 6) {
	case 0:
		if (lab_prng_chance(&state->prng, 1, 4))
			gfp |= LAB_GFP_EXCLUSIVE;
		return lab_workload_alloc(setting, 0, gfp, lab_workload_order(setting, state, 0, 4));
	case 1:
		return lab_workload_op(LAB_OP_TOUCH, 0);
	case 2:
		return lab_workload_give(0, receiver(setting, state));
	case 3:
		return lab_workload_op(LAB_OP_TAKE, 1);
	case 4:
		return lab_workload_op(LAB_OP_TOUCH, 1);
	default:
		return lab_workload_op(LAB_OP_FREE, 1);
	}
}

const struct lab_workload lab_workload_handoff = {
	.name = "handoff",
	.summary = "blocks allocated on one CPU and released on another, in any context",
	.burst_max = 18,
	.next = next,
};
