/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "engine/live_cpu.h"
#include "plat/futex.h"

/*
 * What a kernel would give, on the calling thread's virtual CPU. A thread that is none (a target's own worker) is a
 * task that nothing interrupts.
 */

static unsigned long irq_save(void)
{
	LAB_LIVE_HARNESS;
	struct lab_live_cpu *cpu = lab_live_current;

	if (!cpu)
		return 0;
	lab_live_point(cpu);
	return lab_live_mask(cpu);
}

static void irq_restore(unsigned long flags)
{
	LAB_LIVE_HARNESS;
	if (lab_live_current)
		lab_live_unmask(lab_live_current, flags);
}

static void cpu_relax(void)
{
	LAB_LIVE_HARNESS;
	lab_live_point(lab_live_current);
	lab_live_relax(lab_live_current);
}

/* True: the context may sleep here. */
static bool ask_to_sleep(struct lab_live_cpu *cpu, const char *service)
{
	const struct lab_actor *actor;

	if (!cpu)
		return true;
	lab_live_point(cpu);
	actor = lab_live_context(cpu)->actor;
	lab_oracle_may_sleep(cpu->live->oracle, actor->index, actor->kind, actor->in_call, service);
	return !lab_live_has_found(cpu->live);
}

static void might_sleep(void)
{
	LAB_LIVE_HARNESS;
	(void)ask_to_sleep(lab_live_current, "might_sleep");
}

static void wait_on(const uint32_t *key, uint32_t seen)
{
	LAB_LIVE_HARNESS;

	if (ask_to_sleep(lab_live_current, "wait"))
		lab_live_wait(lab_live_current, key, seen);
}

static void wake(const uint32_t *key)
{
	LAB_LIVE_HARNESS;
	lab_futex_wake(key, LAB_FUTEX_OWN);
	lab_live_point(lab_live_current);
}

static void reclaim_wake(unsigned zone)
{
	LAB_LIVE_HARNESS;
	struct lab_live_cpu *cpu = lab_live_current;

	if (cpu && zone < LAB_ZONE_COUNT) {
		const struct lab_actor *actor = lab_live_context(cpu)->actor;

		lab_oracle_reclaim_wake(cpu->live->oracle, actor->index, lab_actor_alloc(actor), zone);
		/* relaxed: asks a task to reclaim when it comes by; publishes nothing */
		lab_fetch_or_relaxed(&cpu->live->reclaim_wanted, 1u << zone);
	}
	lab_live_point(cpu);
}

static uint64_t shrink(uint64_t frames)
{
	LAB_LIVE_HARNESS;
	struct lab_live_cpu *cpu = lab_live_current;

	if (!cpu || !ask_to_sleep(cpu, "shrink"))
		return 0;
	return lab_exec_shrink_all(&cpu->live->exec, lab_live_context(cpu)->actor, frames);
}

static enum lab_context_kind context(void)
{
	return lab_live_current ? lab_live_level_of(lab_live_current) : LAB_CONTEXT_TASK;
}

static unsigned cpu_index(void)
{
	return lab_live_current ? lab_live_current->index : 0;
}

static void random_fill(void *buffer, size_t bytes)
{
	LAB_LIVE_HARNESS;
	static lab_atomic64 strangers;
	struct lab_live_cpu *cpu = lab_live_current;
	struct lab_prng stranger, *prng = &stranger;
	uint8_t *to = buffer;

	lab_live_point(cpu);
	if (cpu)
		prng = &lab_live_context(cpu)->randomness;
	else /* relaxed: only to differ from call to call */
		lab_prng_seed(&stranger, lab_fetch_add_relaxed(&strangers, 1), LAB_CONTEXT_MAX);
	while (bytes) {
		uint64_t word = lab_prng_u64(prng);
		size_t part = LAB_MIN(bytes, sizeof(word));

		memcpy(to, &word, part);
		to += part;
		bytes -= part;
	}
}

static void log_line(const char *format, ...)
{
	LAB_LIVE_HARNESS;
	char line[512] = "target: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	strcat(line, "\n");
	/* One write, and no stream: this may be a signal handler that interrupted one. */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return;
	lab_live_point(lab_live_current);
}

const struct lab_host lab_live_host = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_host),
	.irq_save = irq_save,
	.irq_restore = irq_restore,
	.spin_lock = lab_live_spin_lock,
	.spin_trylock = lab_live_spin_trylock,
	.spin_unlock = lab_live_spin_unlock,
	.cpu_relax = cpu_relax,
	.might_sleep = might_sleep,
	.wait = wait_on,
	.wake = wake,
	.reclaim_wake = reclaim_wake,
	.shrink = shrink,
	.context = context,
	.cpu = cpu_index,
	.random_fill = random_fill,
	.log = log_line,
};
