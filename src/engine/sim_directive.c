/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/*
 * The written schedule steers first; where it ends, schedule bytes and the default go on. A step that cannot be taken
 * any more is passed over: the context ended, or it blocks.
 */

static void step_done(struct lab_sim *sim)
{
	sim->next_directive++;
	sim->directive_ops = 0;
}

/* `rx`: here and now, or as soon as it is unmasked. */
static bool fire(struct lab_sim *sim, struct lab_sim_context *handler, struct lab_sim_choice *ret_choice)
{
	step_done(sim);
	if (!lab_sim_can_fire(sim, handler)) {
		lab_sim_raise(sim, handler);
		return false;
	}
	*ret_choice = (struct lab_sim_choice){lab_sim_host_of(sim, handler), handler};
	return true;
}

/* `stack*3`: that context, or whoever has its CPU in the middle of an operation, until the CPU is free for it. */
static bool run(struct lab_sim *sim, struct lab_sim_strand *current, struct lab_sim_strand *wanted,
		struct lab_sim_choice *ret_choice)
{
	struct lab_sim_strand *holder = sim->cpus[wanted->cpu].strand;

	*ret_choice = (struct lab_sim_choice){.strand = wanted};
	if (wanted == current || lab_sim_runnable(sim, wanted))
		return true;
	ret_choice->strand = holder;
	if (wanted->top && holder && holder != wanted && (holder == current || lab_sim_runnable(sim, holder)))
		return true;
	step_done(sim);
	return false;
}

bool lab_sim_directed(struct lab_sim *sim, struct lab_sim_strand *current, struct lab_sim_choice *ret_choice)
{
	const struct lab_scenario *scenario = sim->scenario;

	while (sim->next_directive < scenario->directive_count) {
		const struct lab_directive *directive = &scenario->directives[sim->next_directive];
		struct lab_sim_context *context = &sim->contexts[directive->context];

		if (directive->kind == LAB_DIRECTIVE_FIRE_AT) {
			step_done(sim); /* not a step: lab_sim_directive_at sees to it */
		} else if (context->actor->kind != LAB_CONTEXT_TASK) {
			if (fire(sim, context, ret_choice))
				return true;
		} else if (run(sim, current, context->strand, ret_choice)) {
			return true;
		}
	}
	return false;
}

void lab_sim_directive_op_end(struct lab_sim *sim, const struct lab_sim_context *context)
{
	const struct lab_scenario *scenario = sim->scenario;
	const struct lab_directive *directive;

	while (sim->next_directive < scenario->directive_count &&
	       scenario->directives[sim->next_directive].kind == LAB_DIRECTIVE_FIRE_AT)
		step_done(sim);
	if (sim->next_directive >= scenario->directive_count)
		return;
	directive = &scenario->directives[sim->next_directive];
	if (directive->kind != LAB_DIRECTIVE_RUN || directive->context != context->actor->index)
		return;
	if (directive->count && ++sim->directive_ops >= directive->count)
		step_done(sim);
}

void lab_sim_directive_at(struct lab_sim *sim, const struct lab_sim_context *context)
{
	const struct lab_scenario *scenario = sim->scenario;

	for (size_t i = 0; i < scenario->directive_count; i++) {
		const struct lab_directive *directive = &scenario->directives[i];

		if (directive->kind == LAB_DIRECTIVE_FIRE_AT && directive->host == context->actor->index &&
		    directive->count == context->self.events)
			lab_sim_raise(sim, &sim->contexts[directive->context]);
	}
}
