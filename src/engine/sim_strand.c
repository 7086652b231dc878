/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include "base/assert.h"
#include "base/bits.h"
#include "plat/sanitizer.h"

void lab_sim_let_go(struct lab_sim *sim, struct lab_sim_context *context)
{
	while (context->held) {
		unsigned lock = lab_bits_first(context->held);

		lab_sim_engine_ops.unlock(&sim->exec, context->actor, lock);
	}
}

static void run_ops(struct lab_sim *sim, struct lab_sim_context *context)
{
	const struct lab_op *ops = sim->scenario->ops; /* NULL where a scenario has none */

	for (size_t i = 0; i < context->plan->op_count; i++) {
		lab_sim_weak_bracket(true);
		lab_exec_op(&sim->exec, context->actor, &ops[context->plan->first_op + i]);
		lab_sim_weak_bracket(false);
		context->ops_done++;
		lab_sim_directive_op_end(sim, context);
		lab_sim_point(LAB_SIM_OP_END);
	}
}

static void run_whole(struct lab_sim *sim, struct lab_sim_context *context)
{
	if (lab_race_engine)
		lab_race_engine->enter(context);
	run_ops(sim, context);
	lab_sim_let_go(sim, context);
	if (lab_race_engine)
		lab_race_engine->leave();
}

void lab_sim_fire(struct lab_sim *sim, struct lab_sim_strand *strand, struct lab_sim_context *handler)
{
	struct lab_sim_cpu *cpu = &sim->cpus[strand->cpu];
	struct lab_sim_context *below = strand->top;
	struct lab_sim_sync *sync = strand->sync; /* what is below waits for, and the handler does not */
	const uint32_t *blocked_on = strand->blocked_on;
	const struct lab_spinlock *blocked_lock = strand->blocked_lock;
	bool at_boundary = strand->at_boundary;
	unsigned irq_depth = cpu->irq_depth;

	lab_assert(handler->actor->kind != LAB_CONTEXT_TASK && !handler->running);
	strand->fire = NULL;
	strand->top = handler;
	strand->sync = NULL;
	strand->blocked_on = NULL;
	strand->blocked_lock = NULL;
	strand->at_boundary = false;
	handler->strand = strand;
	handler->running = true;
	handler->self.pending = (struct lab_sim_pending){.kind = LAB_SIM_START};
	sim->raised -= handler->pending;
	handler->pending = false;
	handler->firings++;
	lab_count_up(&handler->actor->counts.runs);
	sim->result->interrupts[handler->actor->kind]++;
	lab_sim_record(sim, handler->actor->index, LAB_OP_KIND_COUNT, below ? below->actor->index : UINT64_MAX, 0);
	lab_sim_trace(sim, "%s fires on cpu %u, over %s", lab_sim_name(sim, handler->actor->index), strand->cpu,
		      below ? lab_sim_name(sim, below->actor->index) : "nobody");
	lab_sim_step_fires(sim, handler, below);
	run_whole(sim, handler);
	handler->running = false;
	strand->top = below;
	strand->sync = sync;
	strand->blocked_on = blocked_on;
	strand->blocked_lock = blocked_lock;
	strand->at_boundary = at_boundary;
	cpu->irq_depth = irq_depth;
}

LAB_NO_COVERAGE void lab_sim_idle_body(void *arg)
{
	struct lab_sim_strand *strand = arg;

	for (;;) {
		struct lab_sim *sim = strand->sim;

		lab_assert(strand->fire);
		lab_sim_fire(sim, strand, strand->fire);
		lab_sim_leave(sim, strand);
	}
}

/* A line that never fired does so before the tasks of its CPU are all over. */
static void fire_unfired(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++) {
		struct lab_sim_context *handler = &sim->contexts[i];

		if (handler->actor->cpu == strand->cpu && (handler->pending || !handler->firings) &&
		    lab_sim_can_fire(sim, handler))
			lab_sim_fire(sim, strand, handler);
	}
}

/* Calls of a CPU's tasks that sleep with the interrupts masked around them. */
static unsigned masked_sleepers(const struct lab_sim *sim, unsigned cpu)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sim->exec.actor_count && sim->exec.mask_interrupts; i++)
		count += sim->strands[i].cpu == cpu && (sim->strands[i].sync || sim->strands[i].wait_key);
	return count;
}

LAB_NO_COVERAGE void lab_sim_task_body(void *arg)
{
	struct lab_sim_strand *strand = arg;

	for (;;) {
		struct lab_sim *sim = strand->sim;
		struct lab_sim_cpu *cpu = &sim->cpus[strand->cpu];

		if (strand->task == sim->reclaimer) {
			lab_sim_reclaim_job(sim, strand);
			lab_sim_leave(sim, strand);
			continue;
		}
		run_whole(sim, strand->task);
		cpu->irq_depth = masked_sleepers(sim, strand->cpu);
		if (--cpu->tasks_left == 0)
			fire_unfired(sim, strand);
		sim->tasks_left--;
		lab_sim_leave(sim, strand);
	}
}
