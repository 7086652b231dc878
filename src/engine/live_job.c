/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_cpu.h"

#include "base/bits.h"

/*
 * What threads are started for. Every call into the target is made by one of these, on a supervised thread, so that a
 * target that hangs or crashes at its creation or in its drain is found out as well.
 */

#define RECLAIM_STEPS_MAX 64u

/* Brackets a stretch of target calls for the watchdog, where exec does not. */
static void call_begin(struct lab_live_cpu *cpu)
{
	lab_live_engine_ops.call_begin(&cpu->live->exec, cpu->levels[LAB_CONTEXT_TASK].actor, NULL);
}

static void call_end(struct lab_live_cpu *cpu)
{
	lab_live_engine_ops.call_end(&cpu->live->exec, cpu->levels[LAB_CONTEXT_TASK].actor);
}

void lab_live_job_create(struct lab_live_cpu *cpu)
{
	struct lab_live *live = cpu->live;

	call_begin(cpu);
	lab_oracle_census(live->oracle);
	if (!lab_live_has_found(live)) {
		lab_machine_wipe(&live->store);
		/* relaxed: read after this thread's end */
		lab_store_relaxed(&live->job_status,
				  live->config.target->create(&live->store.machine, &live->exec.self));
	}
	call_end(cpu);
}

void lab_live_job_destroy(struct lab_live_cpu *cpu)
{
	call_begin(cpu);
	cpu->live->config.target->destroy(cpu->live->exec.self);
	call_end(cpu);
}

/*
 * The reclaimer runs on the CPU of a task that comes by, between its operations or while it sleeps in one, as a
 * kernel's thread would: at most one at a time.
 */
void lab_live_reclaim(struct lab_live_cpu *cpu)
{
	struct lab_live *live = cpu->live;
	struct lab_actor *actor = cpu->levels[LAB_CONTEXT_TASK].actor;
	uint32_t wanted;

	/* relaxed: a hint; what there is to do the target's own words say */
	if (!lab_load_relaxed(&live->reclaim_wanted))
		return;
	/* acquire: takes the kept lists' and the target's state as the last one left it, so that steps do not race */
	if (lab_exchange_acquire(&live->reclaim_busy, 1))
		return;
	wanted = lab_exchange_relaxed(&live->reclaim_wanted, 0); /* relaxed: as above */
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		for (unsigned i = 0; wanted & 1u << zone && i < RECLAIM_STEPS_MAX && !lab_live_has_found(live); i++)
			if (lab_exec_reclaim(&live->exec, actor, zone) == LAB_RECLAIM_REST)
				break;
	/* release: to the next one's acquire */
	lab_store_release(&live->reclaim_busy, 0);
}

static void work(struct lab_live_cpu *cpu, struct lab_live_level *task)
{
	const struct lab_live_driver *driver = cpu->live->driver;
	uint64_t limit = cpu->live->tasks_op_limit;
	struct lab_op op;

	for (uint64_t done = 0; (!limit || done < limit) && !lab_live_stopping(cpu->live); done++) {
		if (!driver->next(driver->arg, task->actor, &op))
			return;
		lab_live_step(cpu, task, &op);
		lab_live_reclaim(cpu);
	}
}

static void release(struct lab_live_cpu *cpu)
{
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		if (!lab_live_has_found(cpu->live))
			lab_exec_release_all(&cpu->live->exec, cpu->levels[kind].actor);
}

/* What the thread itself has in its thread-local storage nobody else can give back. */
static void drain_own(struct lab_live_cpu *cpu)
{
	struct lab_op op = {.kind = LAB_OP_DRAIN, .peer = (uint16_t)cpu->index};

	if (cpu->live->config.target->drain && !lab_live_has_found(cpu->live))
		lab_exec_op(&cpu->live->exec, cpu->levels[LAB_CONTEXT_TASK].actor, &op);
}

void lab_live_job_work(struct lab_live_cpu *cpu)
{
	struct lab_live_level *task = &cpu->levels[LAB_CONTEXT_TASK];
	enum lab_status status = lab_live_sleep_open(cpu);

	if (status == LAB_OK)
		status = lab_live_source_open(cpu);
	if (status != LAB_OK) {
		/* relaxed, both: read after this thread's end */
		lab_store_relaxed(&cpu->live->job_status, status);
		lab_store_relaxed(&cpu->live->stop, 1);
	}
	lab_store_relaxed(&cpu->closed, 0);
	work(cpu, task);
	/* relaxed: only the number matters */
	lab_fetch_sub_relaxed(&cpu->live->working, 1);
	/* relaxed: the thread's own word */
	lab_store_relaxed(&cpu->closed, 1);
	lab_live_source_close(cpu);
	lab_live_sleep_close(cpu);
	lab_live_let_go(cpu, task);
	lab_store_relaxed(&cpu->pending, 0);
	/* What a target left masked or locked after a finding must not reach the next job. */
	lab_store_relaxed(&cpu->masked, 0);
	cpu->held_count = 0;
	/* Here, and not when all have stopped: another task may be waiting for this memory. */
	release(cpu);
	drain_own(cpu);
}

static void restore_marks(struct lab_live_cpu *cpu)
{
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		const struct lab_zone_marks *marks = &cpu->live->store.zones[zone];
		struct lab_op op = {.kind = LAB_OP_WATERMARK, .peer = (uint16_t)zone, .value = marks->min};

		if (marks->frames)
			lab_exec_op(&cpu->live->exec, cpu->levels[LAB_CONTEXT_TASK].actor, &op);
	}
}

/* All spans, whose backing only the engine brings. */
static void bring_memory(struct lab_live_cpu *cpu)
{
	for (unsigned i = 0; i < cpu->live->store.machine.span_count; i++) {
		struct lab_op op = {.kind = LAB_OP_MEMORY, .peer = (uint16_t)i, .comes = true};

		lab_exec_op(&cpu->live->exec, cpu->levels[LAB_CONTEXT_TASK].actor, &op);
	}
}

/* What runs next begins with all CPUs. */
static void bring_back(struct lab_live_cpu *cpu)
{
	for (unsigned i = 0; i < cpu->live->config.threads; i++) {
		struct lab_op op = {.kind = LAB_OP_ONLINE, .peer = (uint16_t)i};

		if (lab_exec_is_offline(&cpu->live->exec, i))
			lab_exec_op(&cpu->live->exec, cpu->levels[LAB_CONTEXT_TASK].actor, &op);
	}
}

void lab_live_job_quiesce(struct lab_live_cpu *cpu)
{
	struct lab_live *live = cpu->live;

	/* What was given to contexts that had released all already lies in their mailboxes. */
	for (unsigned i = 0; i < live->config.threads; i++)
		release(&live->cpus[i]);
	if (lab_live_has_found(live))
		return;
	restore_marks(cpu);
	bring_memory(cpu);
	call_begin(cpu);
	lab_exec_drain_online(&live->exec, NULL, NULL); /* each thread has drained its own CPU */
	if (!lab_live_has_found(live))
		lab_oracle_quiesce(live->oracle, live->exec.self);
	call_end(cpu);
	if (!lab_live_has_found(live))
		bring_back(cpu);
}
