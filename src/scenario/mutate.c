/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/mutate.h"

#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/edit.h"
#include "scenario/fuzz_form.h"
#include "scenario/mend.h"
#include "scenario/mutate_schedule.h"
#include "scenario/words.h"

/*
 * A scenario within the fuzz bounds stays there: it goes back into the fuzz form. A greater one may grow. An edit that
 * finds nothing to work on answers false, and another one is tried.
 */
static size_t op_room(const struct lab_scenario *scenario)
{
	return lab_fuzz_form_fits(scenario) ? LAB_FUZZ_OP_MAX : SIZE_MAX / 4;
}

static size_t pick_context(struct lab_prng *prng, const struct lab_scenario *scenario)
{
	return lab_prng_below(prng, scenario->context_count);
}

/* A context that has operations; false: none was met. */
static bool pick_op(struct lab_prng *prng, const struct lab_scenario *scenario, size_t *ret_context, size_t *ret_at)
{
	size_t index;

	if (!scenario->op_count)
		return false;
	index = lab_prng_below(prng, scenario->op_count);
	for (*ret_context = 0; index >= scenario->contexts[*ret_context].op_count; (*ret_context)++)
		index -= scenario->contexts[*ret_context].op_count;
	*ret_at = index;
	return true;
}

/* What the scenario does anyway, as often as anything: a scenario that keeps to few things goes deeper into them. */
static uint32_t draw_swarm(struct lab_prng *prng, const struct lab_scenario *scenario)
{
	uint32_t swarm = UINT32_C(1) << LAB_OP_ALLOC;

	if (lab_prng_chance(prng, 1, 2))
		return LAB_SWARM_ALL;
	for (size_t i = 0; i < scenario->op_count; i++)
		swarm |= UINT32_C(1) << scenario->ops[i].kind;
	return swarm;
}

static bool insert_op(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t context = pick_context(prng, scenario), count = scenario->contexts[context].op_count;

	if (count >= op_room(scenario))
		return false;
	lab_edit_insert_op(scenario, context, lab_prng_below(prng, count + 1),
			   lab_draw_op(prng, scenario, draw_swarm(prng, scenario)));
	return true;
}

static bool drop_op(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t context, at;

	if (!pick_op(prng, scenario, &context, &at))
		return false;
	lab_edit_drop_op(scenario, context, at);
	return true;
}

static bool move_op(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t context, at, to;
	struct lab_op op;

	if (!pick_op(prng, scenario, &context, &at))
		return false;
	to = lab_prng_chance(prng, 1, 2) ? context : pick_context(prng, scenario);
	if (to != context && scenario->contexts[to].op_count >= op_room(scenario))
		return false;
	op = lab_edit_drop_op(scenario, context, at);
	lab_edit_insert_op(scenario, to, lab_prng_below(prng, scenario->contexts[to].op_count + 1), op);
	return true;
}

/* Another operation, or the same one with one operand drawn anew. */
static bool change_op(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t context, at;
	struct lab_op *op, drawn;

	if (!pick_op(prng, scenario, &context, &at))
		return false;
	op = &scenario->ops[scenario->contexts[context].first_op + at];
	drawn = lab_draw_op(prng, scenario, lab_prng_chance(prng, 1, 3) ? LAB_SWARM_ALL : UINT32_C(1) << op->kind);
	if (drawn.kind != op->kind) {
		*op = drawn;
		return true;
	}
	switch (lab_prng_below(prng, 4)) {
	case 0:
		op->slot = drawn.slot;
		break;
	case 1:
		op->gfp = drawn.gfp;
		op->value = drawn.value;
		break;
	case 2:
		op->order = drawn.order;
		op->irq_save = drawn.irq_save;
		op->comes = drawn.comes;
		break;
	default:
		op->peer = drawn.peer;
	}
	return true;
}

/* Says a run of operations again behind itself, with other slots: what is done twice is where counts go wrong. */
static bool repeat_ops(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t context, at, count;
	uint8_t shift = (uint8_t)lab_prng_below(prng, LAB_SLOT_COUNT);

	if (!pick_op(prng, scenario, &context, &at))
		return false;
	count = 1 + lab_prng_below(prng, LAB_MIN(scenario->contexts[context].op_count - at, (size_t)8));
	for (size_t i = 0; i < count && scenario->contexts[context].op_count < op_room(scenario); i++) {
		struct lab_op op = scenario->ops[scenario->contexts[context].first_op + at + i];

		if (lab_op_infos[op.kind].operands & LAB_TAKES_SLOT)
			op.slot = (op.slot + shift) % LAB_SLOT_COUNT;
		lab_edit_insert_op(scenario, context, at + count + i, op);
	}
	return true;
}

static bool add_context(struct lab_prng *prng, struct lab_scenario *scenario)
{
	bool line = lab_prng_chance(prng, 1, 2);
	bool small = lab_fuzz_form_fits(scenario);
	size_t same = 0;

	for (size_t i = 0; i < scenario->context_count; i++)
		same += lab_is_handler(&scenario->contexts[i]) == line;
	if (small ? same >= (line ? LAB_FUZZ_LINE_MAX : LAB_FUZZ_TASK_MAX) : scenario->context_count >= LAB_CONTEXT_MAX)
		return false;
	lab_edit_add_context(scenario,
			     line ? (enum lab_context_kind)(LAB_CONTEXT_SOFTIRQ + lab_prng_below(prng, 3))
				  : LAB_CONTEXT_TASK,
			     (unsigned)lab_prng_below(prng, scenario->machine.cpu_count));
	return true;
}

static bool drop_context(struct lab_prng *prng, struct lab_scenario *scenario)
{
	/* The first task stays: the mender would have to make a task of a handler. */
	if (scenario->context_count < 2 || lab_is_handler(&scenario->contexts[0]))
		return false;
	lab_edit_drop_context(scenario, 1 + lab_prng_below(prng, scenario->context_count - 1));
	return true;
}

static bool change_context(struct lab_prng *prng, struct lab_scenario *scenario)
{
	struct lab_scenario_context *context = &scenario->contexts[pick_context(prng, scenario)];

	if (lab_is_handler(context) && lab_prng_chance(prng, 1, 2))
		context->kind = (enum lab_context_kind)(LAB_CONTEXT_SOFTIRQ + lab_prng_below(prng, 3));
	else
		context->cpu = (unsigned)lab_prng_below(prng, scenario->machine.cpu_count);
	return true;
}

static bool change_machine(struct lab_prng *prng, struct lab_scenario *scenario)
{
	struct lab_scenario_machine *machine = &scenario->machine;
	uint64_t frames = machine->frame_count;
	bool small = lab_fuzz_form_fits(scenario);
	struct lab_span *last = &machine->spans[machine->span_count - 1];

	switch (lab_prng_below(prng, 5)) {
	case 0:
		machine->frame_count = lab_draw_log(prng, small ? LAB_FUZZ_FRAME_MAX : LAB_FRAME_MAX);
		/* What is new belongs to the last span; what is gone the mender cuts off. */
		if (last->first_frame + last->frame_count == frames && last->first_frame < machine->frame_count)
			last->frame_count = machine->frame_count - last->first_frame;
		return true;
	case 1:
		machine->cpu_count = 1 + (unsigned)lab_prng_below(prng, small ? LAB_FUZZ_CPU_MAX : LAB_CPU_MAX);
		return true;
	case 2:
		machine->order_max = (unsigned)lab_prng_below(prng, LAB_ORDER_MAX + 1);
		return true;
	case 3:
		lab_draw_range(prng, machine);
		return true;
	default:
		lab_draw_marks(prng, machine);
		return true;
	}
}

void lab_scenario_mutate(struct lab_prng *prng, struct lab_scenario *scenario)
{
	static bool (*const edits[])(struct lab_prng *, struct lab_scenario *) = {
		insert_op,
		insert_op,
		drop_op,
		move_op,
		change_op,
		change_op,
		repeat_ops,
		add_context,
		drop_context,
		change_context,
		lab_mutate_directive,
		lab_mutate_directive,
		lab_mutate_schedule,
		lab_mutate_schedule,
		change_machine,
	};
	size_t op_max = op_room(scenario);

	while (!edits[lab_prng_below(prng, LAB_ARRAY_COUNT(edits))](prng, scenario))
		;
	lab_scenario_mend(scenario, op_max, NULL);
}
