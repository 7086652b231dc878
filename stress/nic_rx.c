/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/* A network card fills its ring from interrupts, one atomic frame each, and the stack on the same CPU frees them. */

static struct lab_op receive(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			     const struct lab_actor *actor)
{
	if (!actor->slots[0].block)
		return lab_workload_alloc(setting, 0, LAB_GFP_ATOMIC, 0);
	state->phase = !state->phase;
	if (state->phase)
		return lab_workload_op(LAB_OP_TOUCH, 0);
	return lab_workload_give(0, lab_workload_peer(setting, actor->cpu, LAB_CONTEXT_TASK));
}

/* Between packets the stack has work of its own, so that the task side is never idle at a low interrupt rate. */
static struct lab_op drain_ring(const struct lab_workload_setting *setting, struct lab_workload_state *state,
				const struct lab_actor *actor)
{
	if (actor->slots[0].block) {
		state->phase = !state->phase;
		return lab_workload_op(state->phase ? LAB_OP_TOUCH : LAB_OP_FREE, 0);
	}
	if (++state->count % 2)
		return lab_workload_op(LAB_OP_TAKE, 0);
	if (actor->slots[1].block)
		return lab_workload_op(LAB_OP_FREE, 1);
	return lab_workload_alloc(setting, 1, LAB_GFP_KERNEL, 0);
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	if (actor->kind == LAB_CONTEXT_TASK)
		return drain_ring(setting, state, actor);
	return receive(setting, state, actor);
}

const struct lab_workload lab_workload_nic_rx = {
	.name = "nic_rx",
	.summary = "interrupt bursts of single atomic frames, freed by the task",
	.burst_max = 24,
	.next = next,
};
