/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/*
 * Control loops: in each period one frame is taken, written and given back, and what counts is how long that takes at
 * worst. A period is a firing of an interrupt, or a turn of a task on every second CPU; the tasks between them are the
 * load. Every operation is timed.
 */

static struct lab_op period(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	switch (state->phase++ % 3) {
	case 0:
		return lab_workload_alloc(setting, 0, LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE, 0);
	case 1:
		return lab_workload_op(LAB_OP_TOUCH, 0);
	default:
		return lab_workload_op(LAB_OP_FREE, 0);
	}
}

static struct lab_op load(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	unsigned slot = (unsigned)lab_prng_below(&state->prng, LAB_SLOT_COUNT);

	if (actor->slots[slot].block)
		return lab_workload_op(LAB_OP_FREE, slot);
	return lab_workload_alloc(setting, slot, LAB_GFP_KERNEL, lab_workload_order(setting, state, 0, 4));
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	if (actor->kind != LAB_CONTEXT_TASK)
		return period(setting, state);
	if (actor->cpu % 2)
		return load(setting, state, actor);
	/* The period's rest is the others'. */
	return state->steps++ % 4 ? period(setting, state) : lab_workload_op(LAB_OP_WAIT, 0);
}

const struct lab_workload lab_workload_rt_control = {
	.name = "rt_control",
	.summary = "one frame a period, in tasks and interrupts, beside a load: every request is timed",
	.burst_max = 3,
	.times_all = true,
	.next = next,
};
