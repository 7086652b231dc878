/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/prng.h"
#include "plat/race.h"

/* The host services: each is a scheduling point, before it does what it says. */

static struct lab_sim_cpu *cpu_here(void)
{
	return &lab_sim_current->cpus[lab_sim_current->running->cpu];
}

/* A service's point; code: where the target's call returns to. */
static void point_at(const char *service, enum lab_sim_event kind, const struct lab_spinlock *lock, void *code)
{
	struct lab_sim_context *top = lab_sim_current->running->top;

	if (top)
		top->service = service;
	lab_sim_meet(&(struct lab_sim_pending){kind, lock ? sizeof(*lock) : 0, (uintptr_t)lock, (uintptr_t)code});
}

#define POINT(name) point_at(name, LAB_SIM_SERVICE, NULL, __builtin_return_address(0))

static unsigned long irq_save(void)
{
	unsigned long depth;

	POINT("irq_save");
	depth = cpu_here()->irq_depth++;
	return depth;
}

static void irq_restore(unsigned long flags)
{
	cpu_here()->irq_depth = (unsigned)flags;
	if (!flags)
		lab_sim_locks_opened(lab_sim_current, lab_sim_current->running);
	POINT("irq_restore"); /* after: what was raised under the mask comes in here */
}

static void tell_lock(enum lab_sim_event kind, const struct lab_spinlock *lock, bool changed)
{
	if (lab_sim_current->options.touch)
		lab_sim_tell_touch(lab_sim_current, kind, &lock->word, sizeof(lock->word), true, changed);
}

static void spin_lock(struct lab_spinlock *lock)
{
	point_at("spin_lock", LAB_SIM_SERVICE, lock, __builtin_return_address(0));
	lab_sim_lock(lab_sim_current, lock, true);
	tell_lock(LAB_SIM_UPDATE, lock, true);
}

static bool spin_trylock(struct lab_spinlock *lock)
{
	bool taken;

	point_at("spin_trylock", LAB_SIM_SERVICE, lock, __builtin_return_address(0));
	taken = lab_sim_trylock(lab_sim_current, lock);
	tell_lock(LAB_SIM_UPDATE, lock, taken);
	return taken;
}

static void spin_unlock(struct lab_spinlock *lock)
{
	lab_sim_unlock(lab_sim_current, lock);
	tell_lock(LAB_SIM_WRITE, lock, true);
	POINT("spin_unlock"); /* after: who waited may take it before the holder does anything else */
}

static void cpu_relax(void)
{
	point_at("cpu_relax", LAB_SIM_RELAX, NULL, __builtin_return_address(0));
}

static void judge_sleep(const char *service)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_context *top = sim->running->top;

	if (!top)
		return; /* the engine's own calls come from a task that may sleep */
	lab_oracle_may_sleep(sim->exec.oracle, top->actor->index, top->actor->kind, top->actor->in_call, service);
	if (sim->exec.mask_interrupts)
		return; /* R07 is not promised, and the mask is the harness' own */
	if (sim->running->lock_count || cpu_here()->irq_depth)
		lab_oracle_report(sim->exec.oracle, LAB_R07_ATOMIC_SLEEP, top->actor->index, UINT64_MAX, 0,
				  "%s calls %s %s", lab_sim_name(sim, top->actor->index), service,
				  sim->running->lock_count ? "with a lock held" : "with interrupts masked");
}

bool lab_sim_runs(void)
{
	return lab_sim_current != NULL;
}

bool lab_sim_serves(const char *service, void *code)
{
	if (!lab_sim_current)
		return false;
	point_at(service, LAB_SIM_SERVICE, NULL, code);
	lab_sim_current->shared = true;
	return true;
}

bool lab_sim_blocks(const char *service, void *code)
{
	if (!lab_sim_serves(service, code))
		return false;
	judge_sleep(service);
	return true;
}

void lab_sim_blocked(void *code)
{
	lab_sim_current->shared = true;
	point_at("blocked", LAB_SIM_RELAX, NULL, code);
}

static void might_sleep(void)
{
	POINT("might_sleep");
	judge_sleep("might_sleep");
}

static void wait_for(const uint32_t *key, uint32_t seen)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_strand *strand = sim->running;

	POINT("wait");
	judge_sleep("wait");
	sim->shared = true;
	if (*key == seen && strand->top && strand->top == strand->task) {
		strand->wait_key = key;
		sim->result->sleeps++;
		cpu_here()->strand = NULL;
		lab_sim_block(sim, strand);
	}
	lab_race_acquire(key); /* takes what the wakes before it released, slept or not: a kernel's queue has a lock */
}

static void wake(const uint32_t *key)
{
	struct lab_sim *sim = lab_sim_current;

	sim->shared = true;
	lab_race_release(key); /* gives what was done before it to who waits on the key */
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		if (sim->strands[i].wait_key == key)
			sim->strands[i].wait_key = NULL;
	POINT("wake");
}

static void reclaim_wake(unsigned zone)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_context *top = sim->running->top;

	if (top) { /* the engine's own calls leave no trace: not every run makes all of them */
		lab_sim_record(sim, top->actor->index, LAB_OP_KIND_COUNT + 1, zone, 0);
		lab_oracle_reclaim_wake(sim->exec.oracle, top->actor->index, lab_actor_alloc(top->actor), zone);
		lab_sim_reclaim_wake(sim, zone);
	}
	POINT("reclaim_wake");
}

static uint64_t shrink(uint64_t frames)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_context *top = sim->running->top;

	POINT("shrink");
	judge_sleep("shrink");
	sim->shared = true;
	return top ? lab_exec_shrink_all(&sim->exec, top->actor, frames) : 0;
}

static enum lab_context_kind context(void)
{
	const struct lab_sim_context *top = lab_sim_current->running->top;

	return top ? top->actor->kind : LAB_CONTEXT_TASK;
}

static unsigned cpu(void)
{
	return lab_sim_current->running->cpu;
}

/* Equal runs must see equal bytes: the stream is the run's, its seed is fixed. */
static void random_fill(void *buffer, size_t bytes)
{
	struct lab_sim *sim = lab_sim_current;
	uint8_t *to = buffer;

	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)lab_prng_u64(&sim->random);
}

static void log_line(const char *format, ...)
{
	va_list arguments;
	char line[256];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (lab_sim_current->options.trace)
		lab_sim_trace(lab_sim_current, "log: %s", line);
	else
		fprintf(stderr, "%s\n", line);
}

const struct lab_host lab_sim_host = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_host),
	.irq_save = irq_save,
	.irq_restore = irq_restore,
	.spin_lock = spin_lock,
	.spin_trylock = spin_trylock,
	.spin_unlock = spin_unlock,
	.cpu_relax = cpu_relax,
	.might_sleep = might_sleep,
	.wait = wait_for,
	.wake = wake,
	.reclaim_wake = reclaim_wake,
	.shrink = shrink,
	.context = context,
	.cpu = cpu,
	.random_fill = random_fill,
	.log = log_line,
};
