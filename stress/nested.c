/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/*
 * Interrupts on top of interrupts: each context allocates, raises the next level on its own CPU, and releases; now and
 * then with interrupts masked or a lock held, so that what was raised has to wait.
 */

static struct lab_op raise_next(const struct lab_workload_setting *setting, const struct lab_actor *actor)
{
	struct lab_op op = lab_workload_op(LAB_OP_RAISE, 0);

	/* Nothing is above an nmi, and one that raised itself would never let go of the CPU. */
	if (actor->kind == LAB_CONTEXT_NMI)
		return lab_workload_op(LAB_OP_TOUCH, 0);
	op.peer = (uint16_t)lab_workload_peer(setting, actor->cpu, actor->kind + 1);
	return op;
}

/* Takes or gives back a mask or a lock; what is taken is given back by the same context three operations later. */
static struct lab_op guard(struct lab_workload_state *state, bool begin)
{
	struct lab_op op;

	if (begin)
		state->lock = (unsigned)lab_prng_below(&state->prng, 4);
	if (state->lock > 1)
		return lab_workload_op(begin ? LAB_OP_IRQ_OFF : LAB_OP_IRQ_ON, 0);
	op = lab_workload_op(begin ? LAB_OP_LOCK : LAB_OP_UNLOCK, 0);
	op.peer = (uint16_t)state->lock;
	op.irq_save = true;
	return op;
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	lab_gfp gfp = actor->kind == LAB_CONTEXT_TASK ? LAB_GFP_NOWAIT : LAB_GFP_ATOMIC;

	switch (state->phase++ % 8) {
	case 0:
		return lab_workload_alloc(setting, 0, gfp, lab_workload_order(setting, state, 0, 3));
	case 1:
		return raise_next(setting, actor);
	case 2:
		return guard(state, true);
	case 3:
		return lab_workload_alloc(setting, 1, gfp, lab_workload_order(setting, state, 0, 3));
	case 4:
		return raise_next(setting, actor);
	case 5:
		return guard(state, false);
	case 6:
		return lab_workload_op(LAB_OP_FREE, 0);
	default:
		return lab_workload_op(LAB_OP_FREE, 1);
	}
}

const struct lab_workload lab_workload_nested = {
	.name = "nested",
	.summary = "softirq, hardirq and nmi on top of one another, some while masked",
	.burst_max = 16,
	.next = next,
};
