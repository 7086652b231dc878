/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_cpu.h"

#include "base/bits.h"

/*
 * One operation in one context, and what the operations ask of this engine. The caller's obligations are kept here,
 * once for every driver: nobody asks to sleep where it must not, scenario locks are taken in ascending order and with
 * interrupts masked, and nothing is left held.
 */

static struct lab_live_cpu *cpu_of(const struct lab_actor *actor)
{
	return actor->engine;
}

static struct lab_live_level *level_of(const struct lab_actor *actor)
{
	return &cpu_of(actor)->levels[actor->kind];
}

static bool may_sleep(struct lab_exec *exec, struct lab_actor *actor)
{
	const struct lab_live_cpu *cpu = cpu_of(actor);

	/* relaxed: the thread's own word */
	return actor->kind == LAB_CONTEXT_TASK && !lab_load_relaxed(&cpu->masked) && !level_of(actor)->locks;
}

/* At random distances: workloads go in cycles, and a fixed one would always meet the same operation of them. */
static bool is_sampled(const struct lab_live *live, struct lab_live_level *level)
{
	if (!live->config.sample || level->until_sample--)
		return false;
	level->until_sample = (unsigned)lab_prng_below(&level->dice, 2 * live->config.sample - 1);
	return true;
}

void lab_live_step(struct lab_live_cpu *cpu, struct lab_live_level *level, const struct lab_op *asked)
{
	struct lab_live *live = cpu->live;
	struct lab_op op = *asked;

	if (!may_sleep(&live->exec, level->actor))
		op.gfp &= ~(LAB_GFP_DIRECT_RECLAIM | LAB_GFP_NOFAIL);
	level->actor->timed = is_sampled(live, level);
	/* relaxed: a coarse clock that the supervisor writes, for a log */
	level->event = lab_live_ring_begin(&cpu->ring, lab_load_relaxed(&live->time_ms), level->actor, &op);
	lab_exec_op(&live->exec, level->actor, &op);
	lab_live_point(cpu);
}

void lab_live_let_go(struct lab_live_cpu *cpu, struct lab_live_level *level)
{
	for (unsigned lock = LAB_LOCK_COUNT; lock-- > 0;)
		if (level->locks & 1u << lock)
			lab_live_engine_ops.unlock(&cpu->live->exec, level->actor, lock);
	while (level->irq_off)
		lab_live_engine_ops.irq_on(&cpu->live->exec, level->actor);
}

static void irq_off(struct lab_exec *exec, struct lab_actor *actor)
{
	lab_live_mask(cpu_of(actor));
	level_of(actor)->irq_off++;
}

static void irq_on(struct lab_exec *exec, struct lab_actor *actor)
{
	struct lab_live_cpu *cpu = cpu_of(actor);

	if (!level_of(actor)->irq_off)
		return;
	level_of(actor)->irq_off--;
	/* relaxed: the thread's own word */
	lab_live_unmask(cpu, lab_load_relaxed(&cpu->masked) - 1);
}

static void lock(struct lab_exec *exec, struct lab_actor *actor, unsigned index, bool irq_save)
{
	struct lab_live_level *level = level_of(actor);

	index %= LAB_LOCK_COUNT;
	if (actor->kind == LAB_CONTEXT_NMI || level->locks >> index)
		return;
	lab_live_mask(cpu_of(actor));
	lab_live_spin_lock(&cpu_of(actor)->live->locks[index]);
	level->locks |= 1u << index;
}

static void unlock(struct lab_exec *exec, struct lab_actor *actor, unsigned index)
{
	struct lab_live_level *level = level_of(actor);
	struct lab_live_cpu *cpu = cpu_of(actor);

	index %= LAB_LOCK_COUNT;
	if (!(level->locks & 1u << index))
		return;
	level->locks &= ~(1u << index);
	lab_live_spin_unlock(&cpu->live->locks[index]);
	/* relaxed: the thread's own word */
	lab_live_unmask(cpu, lab_load_relaxed(&cpu->masked) - 1);
}

static void raise_line(struct lab_exec *exec, struct lab_actor *actor, unsigned handler)
{
	const struct lab_actor *raised = &exec->actors[handler % exec->actor_count];

	if (raised->kind == LAB_CONTEXT_TASK || !(cpu_of(actor)->live->config.levels & 1u << raised->kind))
		return;
	/* relaxed: a bit that the other CPU, or the point at this operation's end, acts upon; it publishes nothing */
	lab_fetch_or_relaxed(&cpu_of(raised)->pending, 1u << raised->kind);
}

static void wait_a_while(struct lab_exec *exec, struct lab_actor *actor)
{
	if (actor->kind == LAB_CONTEXT_TASK)
		lab_thread_yield();
}

static void turn(struct lab_actor *actor, int calls)
{
	struct lab_live_level *level = level_of(actor);

	/* relaxed, no read-modify-write: this context alone writes, and the watchdog asks only whether they moved */
	lab_store_relaxed(&level->call_depth, lab_load_relaxed(&level->call_depth) + (uint32_t)calls);
	lab_store_relaxed(&level->call_turns, lab_load_relaxed(&level->call_turns) + 1);
}

static void call_begin(struct lab_exec *exec, struct lab_actor *actor, const struct lab_request *request)
{
	turn(actor, 1);
	lab_live_sleep_begin(cpu_of(actor), actor, request);
}

static void call_end(struct lab_exec *exec, struct lab_actor *actor)
{
	lab_live_sleep_end(cpu_of(actor), actor);
	turn(actor, -1);
}

/* A low-water mark is held against the floor of the least watermark that was in force. */
static void note_min(struct lab_live *live, const struct lab_op *op)
{
	lab_atomic64 *least = &live->least_min[op->peer];
	/* relaxed: a statistic; the compare-and-swap keeps the least of several at once */
	uint64_t seen = lab_load_relaxed(least);

	while (op->value < seen && !lab_cas_relaxed(least, &seen, op->value))
		;
}

static void op_done(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op, enum lab_status status,
		    uint64_t ns)
{
	struct lab_live_cpu *cpu = cpu_of(actor);
	const struct lab_live_driver *driver = cpu->live->driver;

	lab_live_ring_end(&cpu->ring, level_of(actor)->event, status, &actor->slots[op->slot]);
	if (op->kind == LAB_OP_WATERMARK && status == LAB_OK)
		note_min(cpu->live, op);
	if (driver && driver->done)
		driver->done(driver->arg, actor, op, status, ns);
}

static void move_memory(struct lab_exec *exec, unsigned span, bool comes)
{
	const struct lab_live_config *config = &((struct lab_live *)exec->arg)->config;

	if (config->memory)
		config->memory(config->memory_arg, span, comes);
}

const struct lab_engine_ops lab_live_engine_ops = {
	.irq_off = irq_off,
	.irq_on = irq_on,
	.lock = lock,
	.unlock = unlock,
	.raise = raise_line,
	.wait = wait_a_while,
	.may_sleep = may_sleep,
	.memory = move_memory,
	.call_begin = call_begin,
	.call_end = call_end,
	.op_done = op_done,
};
