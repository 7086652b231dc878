/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

#include "base/bits.h"
#include "plat/race.h"

/*
 * CPUs that go and come. What an engine has on a CPU that is offline goes on as on one that is not, as if it had been
 * moved: the requests of its tasks name it still, and a target serves them without its cache. Only interrupts stop: up
 * to the end of cpu_offline they come in, and from the begin of cpu_online on.
 */

static void note(struct lab_exec *exec, unsigned cpu, bool offline)
{
	uint64_t bit = UINT64_C(1) << cpu;

	/* relaxed, both: as in lab_exec_is_offline */
	if (offline)
		lab_fetch_or_relaxed(&exec->offline, bit);
	else
		lab_fetch_and_relaxed(&exec->offline, ~bit);
}

static enum lab_status call(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu, bool offline)
{
	const struct lab_request *outer;
	enum lab_status status;

	lab_exec_others_begin(exec, actor);
	outer = lab_exec_call_begin(exec, actor, NULL);
	if (offline)
		status = exec->target->cpu_offline(exec->self, cpu);
	else
		status = exec->target->cpu_online(exec->self, cpu);
	lab_exec_call_end(exec, actor, outer);
	lab_exec_others_end(exec, actor);
	return status;
}

enum lab_status lab_exec_hotplug(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu, bool offline)
{
	enum lab_status status = LAB_UNCHANGED;
	uint32_t nobody = 0;

	lab_exec_mask(exec, actor);
	/* One at a time, as a kernel has it: who comes second skips. Acquire: comes after the last one, below. */
	if (!lab_cas_acquire(&exec->plug_busy, &nobody, actor->index + 1)) {
		lab_exec_unmask(exec, actor);
		return LAB_BUSY;
	}
	lab_race_acquire(&exec->plug_busy);
	if (lab_exec_is_offline(exec, cpu) != offline) {
		note(exec, cpu, false);
		status = call(exec, actor, cpu, offline);
		note(exec, cpu, offline == (status == LAB_OK));
	}
	lab_race_release(&exec->plug_busy);
	/* release: to the acquire above, in whoever comes next */
	lab_store_release(&exec->plug_busy, 0);
	lab_exec_unmask(exec, actor);
	return status;
}

void lab_exec_drain_online(struct lab_exec *exec, void (*move)(void *arg, unsigned cpu), void *arg)
{
	unsigned count = exec->machine->cpu_count, first = count;

	for (unsigned cpu = 0; cpu < count; cpu++) {
		if (lab_exec_is_offline(exec, cpu))
			continue;
		first = LAB_MIN(first, cpu);
		if (move)
			move(arg, cpu);
		if (exec->target->drain)
			exec->target->drain(exec->self, cpu);
	}
	if (move)
		move(arg, 0);
	lab_oracle_use_cpu(exec->oracle, first < count ? first : 0);
}
