/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "engine/live_cpu.h"
#include "plat/backtrace.h"
#include "plat/clock.h"
#include "target/locals.h"

static bool is_noted(const struct lab_live_cpu *cpu)
{
	/* relaxed: the thread's own note */
	return lab_load_relaxed(&cpu->slip.since_ns) != 0;
}

/*
 * Why the context that runs on a CPU must not sleep in the target; NULL: it may. As for locks, creating and releasing
 * take no part; and what broke once is not asked again.
 */
static const char *forbidden(const struct lab_live_cpu *cpu)
{
	const struct lab_live_level *level = &cpu->levels[lab_live_level_of(cpu)];

	/* relaxed, all: the thread's own words */
	if (!cpu->live->watch_sleep || lab_load_relaxed(&cpu->closed) || !lab_load_relaxed(&level->call_depth) ||
	    is_noted(cpu) || lab_live_has_found(cpu->live))
		return NULL;
	if (level->actor->kind != LAB_CONTEXT_TASK)
		return "an interrupt";
	if (level->atomic_call)
		return "an atomic request";
	if (cpu->held_count)
		return "a call with a lock held";
	return lab_load_relaxed(&cpu->masked) ? "a call with interrupts masked" : NULL;
}

void lab_live_sleep_begin(struct lab_live_cpu *cpu, struct lab_actor *actor, const struct lab_request *request)
{
	struct lab_live_level *level = &cpu->levels[actor->kind];

	level->atomic_call = request && lab_gfp_is_atomic(request->gfp);
	lab_trap_arm(forbidden(cpu) != NULL);
}

void lab_live_harness_leave(const uint8_t *armed)
{
	const struct lab_live_cpu *cpu = lab_live_current;

	/* Where nothing was armed, a service can only have begun what forbids to sleep from within a call. */
	lab_trap_arm(cpu && forbidden(cpu));
	(void)armed;
}

static void report(struct lab_live_cpu *cpu)
{
	const struct lab_live_slip *slip = &cpu->slip;
	unsigned actor = cpu->levels[slip->kind].actor->index;

	lab_oracle_report(cpu->live->oracle, LAB_R07_ATOMIC_SLEEP, actor, UINT64_MAX, slip->order, "%s in %s owners=%s",
			  slip->what, slip->where, cpu->live->names[actor]);
}

void lab_live_sleep_end(struct lab_live_cpu *cpu, struct lab_actor *actor)
{
	lab_trap_arm(0);
	cpu->levels[actor->kind].atomic_call = false;
	if (is_noted(cpu) && cpu->slip.kind == actor->kind)
		report(cpu);
}

void lab_live_sleep_overdue(struct lab_live_cpu *cpu, uint64_t now_ns)
{
	/* acquire: the note, from the release in note */
	uint64_t since_ns = lab_load_acquire(&cpu->slip.since_ns);

	if (since_ns && now_ns - since_ns > LAB_LIVE_SLIP_NS)
		report(cpu);
}

static void note(struct lab_live_cpu *cpu, const char *what, const void *from)
{
	struct lab_live_slip *slip = &cpu->slip;
	const struct lab_live_level *level = lab_live_context(cpu);
	const char *where = forbidden(cpu);

	if (!where)
		return;
	slip->kind = level->actor->kind;
	slip->order = level->actor->in_call ? level->actor->in_call->order : 0;
	slip->where = where;
	snprintf(slip->what, sizeof(slip->what), "%s", what);
	slip->frames = lab_backtrace(from, slip->stack, LAB_LIVE_SLIP_FRAMES);
	/* release: the note, to the acquire in overdue */
	lab_store_release(&slip->since_ns, lab_clock_mono_ns());
}

static void on_trap(long number, const void *code)
{
	struct lab_live_cpu *cpu = lab_live_current;
	const char *name = lab_trap_call_name(number);
	char what[sizeof(cpu->slip.what)];

	if (!cpu)
		return;
	if (name)
		snprintf(what, sizeof(what), "syscall=%s", name);
	else
		snprintf(what, sizeof(what), "syscall=%ld", number);
	note(cpu, what, code);
}

void lab_live_sleep_note(const char *what, const void *from)
{
	if (lab_trap_arm(0) && lab_live_current)
		note(lab_live_current, what, from);
}

const void *lab_live_code_of(const struct lab_target *target)
{
	const void *code;

	memcpy(&code, &target->create, sizeof(code));
	return code;
}

enum lab_status lab_live_sleep_open(struct lab_live_cpu *cpu)
{
	enum lab_status status = LAB_OK;

	if (!cpu->live->watch_sleep)
		return LAB_OK;
	lab_backtrace_prepare();
	lab_locals_prepare(lab_live_code_of(cpu->live->config.target));
	if (!lab_trap_supported())
		return LAB_OK;
	status = lab_trap_install(on_trap);
	return status == LAB_OK ? lab_trap_open() : status;
}

void lab_live_sleep_close(struct lab_live_cpu *cpu)
{
	lab_trap_arm(0);
	if (cpu->live->watch_sleep && lab_trap_supported())
		lab_trap_close();
}

size_t lab_live_stack(const struct lab_live *live, const void *const **ret_stack)
{
	const struct lab_finding *finding = lab_live_finding(live);
	const struct lab_live_cpu *cpu;

	if (!finding || finding->rule != LAB_R07_ATOMIC_SLEEP || finding->actor >= live->actor_count)
		return 0;
	cpu = &live->cpus[finding->actor / LAB_CONTEXT_KIND_COUNT];
	/* acquire: the note, from the release in note */
	if (!lab_load_acquire(&cpu->slip.since_ns) || cpu->levels[cpu->slip.kind].actor->index != finding->actor)
		return 0;
	*ret_stack = cpu->slip.stack;
	return cpu->slip.frames;
}
