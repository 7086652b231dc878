/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_DUTY_H
#define LAB_SCENARIO_DUTY_H

#include "scenario/mend.h"

/*
 * A caller's obligations, walked through operation by operation: what is held, in which order, and what may therefore
 * not be asked for. Releases come in the reverse order of what they release, so a stack says it all.
 */
#define LAB_DUTY_IRQ_OFF 0xffu

struct lab_duty {
	const struct lab_scenario *scenario;
	const struct lab_scenario_context *context;
	bool irq_locks;             /* a handler takes locks, so that every lock masks interrupts */
	size_t op_max, op_count;    /* of this context; count of those that stay */
	unsigned depth;             /* of what is held */
	uint8_t held[LAB_NEST_MAX]; /* lock numbers and LAB_DUTY_IRQ_OFF */
};

/* Makes the operation one that may come next, and takes it into account. False: it has no place here, drop it. */
bool lab_duty_step(struct lab_duty *duty, struct lab_op *op, struct lab_flaw *flaw, size_t index);

/* The release of what was taken last; false: nothing is held. */
bool lab_duty_release(struct lab_duty *duty, struct lab_op *ret_op);

#endif
