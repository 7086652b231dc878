/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "scenario/arrays.h"
#include "scenario/duty.h"
#include "scenario/words.h"

static struct lab_duty duty_of(const struct lab_scenario *scenario, size_t context, size_t op_max, bool irq_locks)
{
	return (struct lab_duty){.scenario = scenario,
				 .context = &scenario->contexts[context],
				 .irq_locks = irq_locks,
				 .op_max = op_max};
}

/* Does a lock of this handler survive the mending? Asked first, since the answer changes every other context. */
static bool handler_locks(const struct lab_scenario *scenario, size_t context, size_t op_max)
{
	const struct lab_scenario_context *handler = &scenario->contexts[context];
	struct lab_duty duty = duty_of(scenario, context, op_max, true);

	for (size_t i = 0; i < handler->op_count; i++) {
		struct lab_op op = scenario->ops[handler->first_op + i];

		if (lab_duty_step(&duty, &op, NULL, 0) && op.kind == LAB_OP_LOCK)
			return true;
	}
	return false;
}

static bool acquires(const struct lab_op *op)
{
	return op->kind == LAB_OP_LOCK || op->kind == LAB_OP_IRQ_OFF;
}

/*
 * Rewrites one context's operations, read at `from`, to ops[to..]; answers where the next context's begin. What is
 * read lies at least as far behind what is written as releases may still be added.
 */
static size_t mend_context(struct lab_scenario *scenario, size_t context, size_t from, size_t to, struct lab_duty *duty,
			   struct lab_flaw *flaw)
{
	struct lab_scenario_context *owner = &scenario->contexts[context];
	size_t first = to;
	struct lab_op op;

	for (size_t i = 0; i < owner->op_count; i++) {
		op = scenario->ops[from + i];
		if (lab_duty_step(duty, &op, flaw, owner->first_op + i))
			scenario->ops[to++] = op;
	}
	if (duty->depth)
		lab_flaw_note(flaw, LAB_PART_CONTEXT, context, LAB_FIELD_END, duty->depth,
			      "what is held to be released, %s first",
			      duty->held[duty->depth - 1] == LAB_DUTY_IRQ_OFF ? "irq-on" : "the last lock");
	while (lab_duty_release(duty, &op))
		scenario->ops[to++] = op;
	owner->first_op = first;
	owner->op_count = to - first;
	return to;
}

void lab_ops_mend(struct lab_scenario *scenario, size_t op_max, struct lab_flaw *flaw)
{
	size_t acquired = 0, from, to = 0;
	bool irq_locks = false, locks = false;

	for (size_t i = 0; i < scenario->op_count; i++) {
		acquired += acquires(&scenario->ops[i]);
		locks |= scenario->ops[i].kind == LAB_OP_LOCK;
	}
	for (size_t i = 0; i < scenario->context_count && locks && !irq_locks; i++)
		irq_locks = lab_is_handler(&scenario->contexts[i]) && handler_locks(scenario, i, op_max);
	from = acquired; /* each release that is added belongs to one of these */
	if (acquired) {
		lab_scenario_reserve(scenario, 0, scenario->op_count + acquired, 0, 0);
		memmove(scenario->ops + from, scenario->ops, scenario->op_count * sizeof(*scenario->ops));
	}
	for (size_t i = 0; i < scenario->context_count; i++) {
		struct lab_duty duty = duty_of(scenario, i, op_max, irq_locks);
		size_t count = scenario->contexts[i].op_count;

		to = mend_context(scenario, i, from, to, &duty, flaw);
		from += count;
	}
	scenario->op_count = to;
}
