/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/*
 * CPUs go and come while everybody allocates and releases: tasks of the CPU that goes, which do not notice, tasks of
 * others, and interrupts, which come in there up to the end.
 */

#define CHANGE_ONE_IN 24u /* of a task's operations */
#define HELD          12u

static struct lab_op change(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	/* More go than come; those that are gone already, or there already, are left as they are. */
	struct lab_op op = lab_workload_op(lab_prng_chance(&state->prng, 1, 2) ? LAB_OP_OFFLINE : LAB_OP_ONLINE, 0);

	op.peer = (uint16_t)lab_prng_below(&state->prng, setting->threads);
	return op;
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	bool task = actor->kind == LAB_CONTEXT_TASK;
	unsigned slot = (unsigned)lab_prng_below(&state->prng, HELD);

	if (task && lab_prng_chance(&state->prng, 1, CHANGE_ONE_IN))
		return change(setting, state);
	if (!actor->slots[slot].block && task && lab_prng_chance(&state->prng, 1, 4))
		return lab_workload_op(LAB_OP_TAKE, slot);
	if (!actor->slots[slot].block)
		return lab_workload_alloc(setting, slot, task ? LAB_GFP_KERNEL : LAB_GFP_ATOMIC,
					  lab_workload_order(setting, state, 0, 2));
	switch (lab_prng_below(&state->prng, 8)) {
	case 0:
		return lab_workload_op(LAB_OP_TOUCH, slot);
	case 1: /* released on another CPU */
		return lab_workload_give(
			slot, lab_workload_peer(setting, (unsigned)lab_prng_below(&state->prng, setting->threads),
						LAB_CONTEXT_TASK));
	default:
		return lab_workload_op(LAB_OP_FREE, slot);
	}
}

const struct lab_workload lab_workload_hotplug = {
	.name = "hotplug",
	.summary = "CPUs go offline and come back while tasks and interrupts allocate there",
	.burst_max = 8,
	.next = next,
};
