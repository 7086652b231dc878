/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <string.h>

/* What a person is told of a run under a strategy: steps, each with what it changed. */

static bool value_of(const struct lab_sim_pending *pending, uint64_t *ret_value)
{
	*ret_value = 0;
	if (!pending->address || pending->kind < LAB_SIM_READ || pending->bytes > sizeof(*ret_value))
		return false;
	memcpy(ret_value, (const void *)pending->address, pending->bytes);
	return true;
}

static const struct lab_op *next_op(const struct lab_sim *sim, const struct lab_candidate *candidate)
{
	const struct lab_sim_context *context = &sim->contexts[candidate->context];
	size_t at = candidate->fires ? 0 : context->ops_done % (context->plan->op_count ? context->plan->op_count : 1);

	if (candidate->pending.kind != LAB_SIM_START && candidate->pending.kind != LAB_SIM_OP_END)
		return NULL;
	if (!context->plan->op_count || (candidate->pending.kind == LAB_SIM_OP_END && !at))
		return NULL;
	return &sim->scenario->ops[context->plan->first_op + at];
}

void lab_sim_step_end(struct lab_sim *sim)
{
	struct lab_sim_step *step = &sim->step;
	uint64_t after;

	if (!sim->options.step || step->context == LAB_NOBODY)
		return;
	if (step->has_values && value_of(&step->pending, &after))
		step->after = after;
	sim->options.step(sim->options.arg, step);
	step->context = LAB_NOBODY;
}

void lab_sim_step_begin(struct lab_sim *sim, const struct lab_candidate *candidate)
{
	if (!sim->options.step)
		return;
	sim->step = (struct lab_sim_step){
		.context = candidate->context,
		.fires = candidate->fires,
		.over = candidate->over,
		.pending = candidate->pending,
		.place = lab_sim_place(sim, candidate->pending.address),
		.code = lab_sim_code_offset(sim, candidate->pending.code),
		.op = next_op(sim, candidate),
	};
	sim->step.has_values = value_of(&candidate->pending, &sim->step.before);
}
