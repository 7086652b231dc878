/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

#include <string.h>

#include "base/bits.h"
#include "scenario/edit.h"
#include "scenario/spans.h"
#include "scenario/words.h"

/* What is left is told in the plainest way: a small machine without a maze, usual flags, low orders, first slots. */

/* Changes a copy; false: there is nothing to change. */
typedef bool change_fn(struct lab_scenario *scenario, uint64_t how);

static bool try_change(struct lab_shrink *shrink, change_fn *change, uint64_t how, uint64_t runs)
{
	struct lab_choices choices = {0};
	struct lab_scenario plainer;
	bool taken;

	if (lab_shrink_stopped(shrink))
		return false;
	lab_scenario_init(&plainer);
	lab_scenario_copy(&plainer, shrink->scenario);
	lab_choices_copy(&choices, shrink->choices);
	taken = change(&plainer, how) && lab_shrink_take(shrink, &plainer, &choices, runs);
	lab_choices_free(&choices);
	lab_scenario_free(&plainer);
	return taken;
}

static bool no_maze(struct lab_scenario *scenario, uint64_t how)
{
	struct lab_span_list list = {.count = 0};

	lab_spans_paint(&list, 0, scenario->machine.frame_count, LAB_ZONE_NORMAL);
	lab_spans_store(&list, &scenario->machine);
	return true;
}

static bool no_marks(struct lab_scenario *scenario, uint64_t how)
{
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		scenario->machine.zones[zone] = (struct lab_zone_marks){.frames = scenario->machine.zones[zone].frames};
	return true;
}

static bool fewer_frames(struct lab_scenario *scenario, uint64_t fewer)
{
	struct lab_scenario_machine *machine = &scenario->machine;
	struct lab_span_list list;

	if (fewer >= machine->frame_count)
		return false;
	machine->frame_count -= fewer;
	lab_spans_load(&list, machine);
	lab_spans_paint(&list, machine->frame_count, fewer, LAB_SPAN_HOLE);
	lab_spans_store(&list, machine);
	return true;
}

/* As many frames as an allocation takes go with it, so that what it left free is free without it. */
static bool fewer_frames_and_op(struct lab_scenario *scenario, uint64_t at)
{
	size_t context = 0, op = at;

	while (op >= scenario->contexts[context].op_count)
		op -= scenario->contexts[context++].op_count;
	if (scenario->ops[at].kind != LAB_OP_ALLOC || !fewer_frames(scenario, UINT64_C(1) << scenario->ops[at].order))
		return false;
	lab_edit_drop_op(scenario, context, op);
	return true;
}

static bool lower_order_max(struct lab_scenario *scenario, uint64_t how)
{
	unsigned most = 0;

	for (size_t i = 0; i < scenario->op_count; i++)
		most = LAB_MAX(most, scenario->ops[i].order);
	scenario->machine.order_max = most;
	return true;
}

/* The CPUs that something runs on come first, in the order of the contexts; the others go. */
static bool fewer_cpus(struct lab_scenario *scenario, uint64_t how)
{
	unsigned number[LAB_CPU_MAX], count = 0;

	memset(number, 0xff, sizeof(number));
	for (size_t i = 0; i < scenario->context_count; i++) {
		unsigned *cpu = &scenario->contexts[i].cpu;

		if (number[*cpu] == UINT32_MAX)
			number[*cpu] = count++;
		*cpu = number[*cpu];
	}
	for (size_t i = 0; i < scenario->op_count; i++) {
		struct lab_op *op = &scenario->ops[i];

		if (lab_op_infos[op->kind].peer != LAB_PEER_CPU)
			continue;
		if (number[op->peer] == UINT32_MAX)
			number[op->peer] = count++;
		op->peer = (uint16_t)number[op->peer];
	}
	scenario->machine.cpu_count = count;
	return true;
}

/* Who did not sleep does not begin to: that would be another story. */
static bool usual_flags(struct lab_scenario *scenario, uint64_t at)
{
	struct lab_op *op = &scenario->ops[at];
	lab_gfp of_task = lab_gfp_is_atomic(op->gfp) ? LAB_GFP_NOWAIT : LAB_GFP_KERNEL;

	for (size_t i = 0; i < scenario->context_count; i++) {
		const struct lab_scenario_context *context = &scenario->contexts[i];

		if (at >= context->first_op && at < context->first_op + context->op_count)
			op->gfp = context->kind == LAB_CONTEXT_TASK ? of_task : LAB_GFP_ATOMIC;
	}
	return op->kind == LAB_OP_ALLOC;
}

static bool lower_order(struct lab_scenario *scenario, uint64_t at)
{
	if (!scenario->ops[at].order)
		return false;
	scenario->ops[at].order--;
	return true;
}

static bool order_zero(struct lab_scenario *scenario, uint64_t at)
{
	if (!scenario->ops[at].order)
		return false;
	scenario->ops[at].order = 0;
	return true;
}

/* In each context, numbered as they come. */
static bool first_slots(struct lab_scenario *scenario, uint64_t how)
{
	for (size_t i = 0; i < scenario->context_count; i++) {
		const struct lab_scenario_context *context = &scenario->contexts[i];
		uint8_t number[LAB_SLOT_COUNT], count = 0;

		memset(number, 0xff, sizeof(number));
		for (size_t k = 0; k < context->op_count; k++) {
			struct lab_op *op = &scenario->ops[context->first_op + k];

			if (!(lab_op_infos[op->kind].operands & LAB_TAKES_SLOT))
				continue;
			if (number[op->slot] == 0xff)
				number[op->slot] = count++;
			op->slot = number[op->slot];
		}
	}
	return true;
}

static void plain_machine(struct lab_shrink *shrink, uint64_t runs)
{
	(void)try_change(shrink, fewer_cpus, 0, runs);
	(void)try_change(shrink, no_maze, 0, runs);
	(void)try_change(shrink, no_marks, 0, runs);
	for (size_t op = shrink->scenario->op_count; op-- > 0;)
		if (op < shrink->scenario->op_count)
			(void)try_change(shrink, fewer_frames_and_op, op, runs);
	for (uint64_t fewer = shrink->scenario->machine.frame_count / 2; fewer; fewer /= 2)
		while (try_change(shrink, fewer_frames, fewer, 0))
			;
}

static void plain_ops(struct lab_shrink *shrink, uint64_t runs)
{
	for (size_t op = 0; op < shrink->scenario->op_count; op++) {
		(void)try_change(shrink, usual_flags, op, 0);
		if (!try_change(shrink, order_zero, op, runs))
			while (try_change(shrink, lower_order, op, 0))
				;
	}
	(void)try_change(shrink, lower_order_max, 0, 0);
	(void)try_change(shrink, first_slots, 0, 0);
}

void lab_shrink_plain(struct lab_shrink *shrink, uint64_t runs)
{
	plain_machine(shrink, runs);
	plain_ops(shrink, runs);
}
