/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/* What only this engine can do for an operation: it runs on the running strand's CPU. */

static struct lab_sim *sim_of(struct lab_exec *exec)
{
	return exec->arg;
}

static struct lab_sim_cpu *cpu_of(struct lab_sim *sim)
{
	return &sim->cpus[sim->running->cpu];
}

static void irq_off(struct lab_exec *exec, struct lab_actor *actor)
{
	cpu_of(sim_of(exec))->irq_depth++;
}

static void irq_on(struct lab_exec *exec, struct lab_actor *actor)
{
	struct lab_sim *sim = sim_of(exec);
	struct lab_sim_cpu *cpu = cpu_of(sim);

	if (cpu->irq_depth)
		cpu->irq_depth--;
}

static void lock(struct lab_exec *exec, struct lab_actor *actor, unsigned index, bool irq_save)
{
	struct lab_sim *sim = sim_of(exec);
	struct lab_sim_context *context = lab_sim_context_of(sim, actor);
	uint32_t bit = UINT32_C(1) << index;

	if (context->held & bit)
		return;
	if (irq_save) {
		cpu_of(sim)->irq_depth++;
		context->saved |= bit;
	}
	lab_sim_lock(sim, &sim->locks[index], false);
	context->held |= bit;
}

static void unlock(struct lab_exec *exec, struct lab_actor *actor, unsigned index)
{
	struct lab_sim *sim = sim_of(exec);
	struct lab_sim_context *context = lab_sim_context_of(sim, actor);
	uint32_t bit = UINT32_C(1) << index;

	if (!(context->held & bit))
		return;
	context->held &= ~bit;
	lab_sim_unlock(sim, &sim->locks[index]);
	if (context->saved & bit) {
		context->saved &= ~bit;
		irq_on(exec, actor);
	}
}

static void raise_line(struct lab_exec *exec, struct lab_actor *actor, unsigned handler)
{
	struct lab_sim *sim = sim_of(exec);

	if (sim->contexts[handler].actor->kind != LAB_CONTEXT_TASK)
		lab_sim_raise(sim, &sim->contexts[handler]);
}

static bool may_sleep(struct lab_exec *exec, struct lab_actor *actor)
{
	const struct lab_sim *sim = sim_of(exec);
	const struct lab_sim_strand *strand = sim->running;

	return strand->top == strand->task && !strand->top->held && !sim->cpus[strand->cpu].irq_depth;
}

/* Others run until one of them ends an operation; under a lock or a mask there is nothing to wait for. */
static void wait_op(struct lab_exec *exec, struct lab_actor *actor)
{
	struct lab_sim *sim = sim_of(exec);
	struct lab_sim_strand *strand = sim->running;

	if (!may_sleep(exec, actor))
		return;
	strand->waiting = true;
	sim->waiting_count++;
	cpu_of(sim)->strand = NULL;
	lab_sim_block(sim, strand);
}

/* The oracle looks at a call's begin and end, and it sees all contexts. */
static void call_begin(struct lab_exec *exec, struct lab_actor *actor, const struct lab_request *request)
{
	sim_of(exec)->shared = true;
}

static void call_end(struct lab_exec *exec, struct lab_actor *actor)
{
	sim_of(exec)->shared = true;
}

const struct lab_engine_ops lab_sim_engine_ops = {
	.irq_off = irq_off,
	.irq_on = irq_on,
	.lock = lock,
	.unlock = unlock,
	.raise = raise_line,
	.wait = wait_op,
	.may_sleep = may_sleep,
	.die = lab_sim_die,
	.call_begin = call_begin,
	.call_end = call_end,
	.op_done = lab_sim_op_done,
};
