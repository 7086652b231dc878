/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/vm.h"

/* What a person is told of a run under a strategy: steps, each with what it changed. */

/* The target may be about to access what is not there, or may have given it back since. */
static bool value_of(const struct lab_sim_pending *pending, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!pending->address || pending->kind < LAB_SIM_READ || pending->bytes > sizeof(value) ||
	    lab_vm_peek((const void *)pending->address, &value, pending->bytes) != LAB_OK)
		return false;
	*ret_value = value;
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

/* Its own code is not watched: it is no part of the run. */
static enum lab_word ask_target(struct lab_sim *sim, uintptr_t address, char *text, size_t room)
{
	struct lab_heap *heap = lab_module_heap;
	enum lab_word kind;

	lab_sim_current = NULL;
	lab_module_heap = NULL;
	kind = sim->target->describe(sim->exec.self, (const void *)address, text, room);
	lab_module_heap = heap;
	lab_sim_current = sim;
	text[room - 1] = '\0';
	return kind;
}

bool lab_sim_word_name(const void *address, char *text, size_t room)
{
	struct lab_sim *sim = lab_sim_current;

	return sim->target->describe && ask_target(sim, (uintptr_t)address, text, room) != LAB_WORD_NONE;
}

static void name_word(struct lab_sim *sim, struct lab_sim_step *step)
{
	unsigned page_shift = sim->exec.machine->page_shift;
	uint64_t offset = step->place / 4;

	if (!step->pending.address)
		return;
	if (step->place % 4 == 1)
		snprintf(step->word, sizeof(step->word), "frame %" PRIu64 " +%" PRIu64, offset >> page_shift,
			 offset & ((UINT64_C(1) << page_shift) - 1));
	else if (sim->target->describe)
		step->kind = ask_target(sim, step->pending.address, step->word, sizeof(step->word));
	if (step->kind == LAB_WORD_NONE && step->place % 4 != 1)
		step->word[0] = '\0';
}

void lab_sim_step_end(struct lab_sim *sim)
{
	struct lab_sim_step *step = &sim->step;

	if (!sim->options.step || step->context == LAB_NOBODY)
		return;
	if (step->has_values && !step->older)
		step->has_values = value_of(&step->pending, &step->after);
	step->ended = true;
	sim->options.step(sim->options.arg, step);
	step->context = LAB_NOBODY;
}

void lab_sim_step_begin(struct lab_sim *sim, const struct lab_candidate *candidate)
{
	struct lab_sim_context *context = &sim->contexts[candidate->context];
	bool serves = candidate->pending.kind == LAB_SIM_SERVICE || candidate->pending.kind == LAB_SIM_RELAX;

	if (!sim->options.step)
		return;
	sim->step = (struct lab_sim_step){
		.context = candidate->context,
		.fires = candidate->fires,
		.over = candidate->over,
		.pending = candidate->pending,
		.service = serves ? context->service : NULL,
		.place = lab_sim_place(sim, candidate->pending.address),
		.code = lab_sim_code_offset(sim, candidate->pending.code),
		.op = next_op(sim, candidate),
		.frame = UINT64_MAX,
	};
	sim->step.has_values = value_of(&candidate->pending, &sim->step.before);
	sim->step.after = sim->step.before;
	name_word(sim, &sim->step);
	sim->options.step(sim->options.arg, &sim->step);
}

void lab_sim_step_fires(struct lab_sim *sim, const struct lab_sim_context *handler, const struct lab_sim_context *over)
{
	const struct lab_candidate candidate = {
		.context = handler->actor->index,
		.over = over ? over->actor->index : LAB_NOBODY,
		.fires = true,
		.pending = {.kind = LAB_SIM_START},
	};

	if (!sim->options.step || (sim->step.fires && sim->step.context == candidate.context))
		return;
	lab_sim_step_end(sim);
	lab_sim_step_begin(sim, &candidate);
}

void lab_sim_step_op_done(struct lab_sim *sim, const struct lab_actor *actor, const struct lab_op *op,
			  enum lab_status status)
{
	bool fills = status == LAB_OK && (op->kind == LAB_OP_ALLOC || op->kind == LAB_OP_TAKE);

	if (!sim->options.step || sim->step.context != actor->index)
		return;
	sim->step.op_ended = true;
	sim->step.status = status;
	if (fills)
		sim->step.frame = lab_oracle_finding_frame(sim->exec.oracle, actor->slots[op->slot].block);
}
