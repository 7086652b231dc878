/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_cpu.h"

#include "base/bits.h"

/*
 * An interrupt runs if its level is above what runs now and nobody masks it; otherwise it leaves a bit in `pending`,
 * which the end of the mask, the end of a handler or the next point replays. Signals come with the same nesting from
 * the kernel (sa_mask); the check here makes it hold for injected and replayed ones too.
 *
 * Every word below is the thread's own, shared with its handlers only, but for `pending`, `quiet` and `stop`, which are
 * hints from other threads: nothing is read on their strength. So all are relaxed, and a compiler barrier stands where
 * a handler must not see the thread's words in another order.
 */

#define HANDLER_OPS_MAX 64u /* operations of one firing, whatever the driver says */
#define INJECT_ONE_IN   8u

_Thread_local struct lab_live_cpu *lab_live_current;

static bool may_run(const struct lab_live_cpu *cpu, enum lab_context_kind kind)
{
	return kind > lab_live_level_of(cpu) && (kind == LAB_CONTEXT_NMI || !lab_load_relaxed(&cpu->masked));
}

static bool is_shut(const struct lab_live_cpu *cpu)
{
	return lab_load_relaxed(&cpu->closed) || lab_load_relaxed(&cpu->quiet) || lab_live_stopping(cpu->live) ||
	       lab_exec_is_offline(&cpu->live->exec, cpu->index);
}

/* Without NMI in the target, and IRQ before it, an nmi is delivered and makes no call. */
static bool makes_calls(const struct lab_live *live, enum lab_context_kind kind)
{
	const uint64_t both = LAB_CAP_IRQ | LAB_CAP_NMI;

	return kind != LAB_CONTEXT_NMI || (live->config.target->caps & both) == both;
}

static void run_handler(struct lab_live_cpu *cpu, enum lab_context_kind kind)
{
	const struct lab_live_driver *driver = cpu->live->driver;
	struct lab_live_level *level = &cpu->levels[kind];
	uint32_t before = lab_load_relaxed(&cpu->level), masked = lab_load_relaxed(&cpu->masked);
	struct lab_op op;

	lab_store_relaxed(&cpu->level, kind);
	lab_compiler_barrier();
	lab_count_up(&level->actor->counts.runs);
	if (makes_calls(cpu->live, kind))
		for (unsigned i = 0; i < HANDLER_OPS_MAX && !lab_live_stopping(cpu->live) &&
				     driver->next(driver->arg, level->actor, &op);
		     i++)
			lab_live_step(cpu, level, &op);
	lab_live_let_go(cpu, level);
	lab_compiler_barrier();
	lab_store_relaxed(&cpu->masked, masked);
	lab_store_relaxed(&cpu->level, before);
	lab_compiler_barrier();
}

static void replay(struct lab_live_cpu *cpu)
{
	for (;;) {
		uint32_t pending = lab_load_relaxed(&cpu->pending);
		enum lab_context_kind kind;

		if (!pending)
			return;
		kind = (enum lab_context_kind)(31 - (unsigned)__builtin_clz(pending));
		if (!may_run(cpu, kind) || is_shut(cpu))
			return;
		/* A handler that comes here first, by nesting, takes the bit; then it is not ours to run. */
		if (lab_fetch_and_relaxed(&cpu->pending, ~(1u << kind)) & 1u << kind)
			run_handler(cpu, kind);
	}
}

void lab_live_deliver(struct lab_live_cpu *cpu, enum lab_context_kind kind)
{
	if (is_shut(cpu))
		return;
	if (!may_run(cpu, kind)) {
		lab_fetch_or_relaxed(&cpu->pending, 1u << kind);
		return;
	}
	run_handler(cpu, kind);
	replay(cpu);
}

static void inject(struct lab_live_cpu *cpu)
{
	struct lab_live_level *level = lab_live_context(cpu);
	uint64_t draw = lab_prng_u64(&level->dice);
	unsigned above = LAB_CONTEXT_NMI - lab_live_level_of(cpu);
	enum lab_context_kind kind;

	if (!above || draw % INJECT_ONE_IN)
		return;
	kind = (enum lab_context_kind)(lab_live_level_of(cpu) + 1 + (draw >> 32) % above);
	if (cpu->live->config.levels & 1u << kind)
		lab_live_deliver(cpu, kind);
}

void lab_live_point(struct lab_live_cpu *cpu)
{
	if (!cpu || is_shut(cpu))
		return;
	if (cpu->live->config.source == LAB_LIVE_INJECT)
		inject(cpu);
	if (lab_load_relaxed(&cpu->pending))
		replay(cpu);
}

unsigned long lab_live_mask(struct lab_live_cpu *cpu)
{
	uint32_t before = lab_load_relaxed(&cpu->masked);

	lab_store_relaxed(&cpu->masked, before + 1);
	lab_compiler_barrier();
	return before;
}

void lab_live_unmask(struct lab_live_cpu *cpu, unsigned long flags)
{
	lab_compiler_barrier();
	if (flags == 0 && cpu->held_count)
		lab_live_lock_opened(cpu);
	lab_store_relaxed(&cpu->masked, (uint32_t)flags);
	lab_compiler_barrier();
	lab_live_point(cpu);
}
