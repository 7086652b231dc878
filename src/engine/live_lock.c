/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_cpu.h"

/*
 * A held lock's word is the holder's actor index + 1, so one load tells whose it is; a thread that is no virtual CPU (a
 * target's own worker) holds it as a stranger, and is never interrupted.
 */
#define STRANGER UINT32_MAX

static lab_atomic32 *word_of(struct lab_spinlock *lock)
{
	return (lab_atomic32 *)&lock->word;
}

static uint32_t holder_word(struct lab_live_cpu *cpu)
{
	return cpu ? lab_live_context(cpu)->actor->index + 1 : STRANGER;
}

static bool is_on(const struct lab_live_cpu *cpu, uint32_t word)
{
	return cpu && word && (word - 1) / LAB_CONTEXT_KIND_COUNT == cpu->index;
}

static bool is_masked(const struct lab_live_cpu *cpu)
{
	/* relaxed: the thread's own word */
	return lab_load_relaxed(&cpu->masked) != 0;
}

/* Creating, checking and destroying run with no interrupt in sight, and take no part in the usage rule. */
static bool is_tracked(const struct lab_live_cpu *cpu)
{
	/* relaxed: the thread's own word */
	return cpu && !lab_load_relaxed(&cpu->closed);
}

static void report_clash(struct lab_live_cpu *cpu, const struct lab_live_clash *clash)
{
	lab_oracle_report(cpu->live->oracle, LAB_R08_INTERRUPT_SAFETY, lab_live_context(cpu)->actor->index, UINT64_MAX,
			  0, "lock class %p is taken by blocking in %s and held with %s open", clash->class_key,
			  lab_context_kind_name(clash->taken_in), lab_context_kind_name(clash->taken_in));
}

static void note_taken(struct lab_live_cpu *cpu, struct lab_spinlock *lock)
{
	struct lab_live_clash clash;

	if (is_tracked(cpu) && lab_live_usage_taken(&cpu->live->usage, lock, lab_live_level_of(cpu), &clash))
		report_clash(cpu, &clash);
}

static void note_held(struct lab_live_cpu *cpu, struct lab_spinlock *lock)
{
	struct lab_live_clash clash;

	if (!is_tracked(cpu))
		return;
	if (cpu->held_count < LAB_LIVE_HELD_MAX)
		cpu->held[cpu->held_count++] = lock;
	if (lab_live_usage_held(&cpu->live->usage, lock, lab_live_level_of(cpu), is_masked(cpu), &clash))
		report_clash(cpu, &clash);
}

static void forget_held(struct lab_live_cpu *cpu, const struct lab_spinlock *lock)
{
	for (unsigned i = cpu->held_count; i-- > 0;) {
		if (cpu->held[i] != lock)
			continue;
		for (unsigned j = i + 1; j < cpu->held_count; j++)
			cpu->held[j - 1] = cpu->held[j];
		cpu->held_count--;
		return;
	}
}

void lab_live_lock_opened(struct lab_live_cpu *cpu)
{
	struct lab_live_clash clash;

	for (unsigned i = 0; i < cpu->held_count; i++)
		if (is_tracked(cpu) &&
		    lab_live_usage_held(&cpu->live->usage, cpu->held[i], lab_live_level_of(cpu), false, &clash))
			report_clash(cpu, &clash);
}

void lab_live_relax(struct lab_live_cpu *cpu)
{
	lab_cpu_pause();
	/* More threads than processors: the holder may be waiting for ours. */
	if (!cpu || (++cpu->relaxed & 63u) == 0)
		lab_thread_yield();
}

static void report_deadlock(struct lab_live_cpu *cpu, const struct lab_spinlock *lock, uint32_t word)
{
	const struct lab_actor *actor = lab_live_context(cpu)->actor;

	lab_oracle_report(cpu->live->oracle, LAB_R08_INTERRUPT_SAFETY, actor->index, UINT64_MAX, 0,
			  "deadlock lock=%p waiter=%s holder=%s on the same cpu", (const void *)lock,
			  cpu->live->names[actor->index], cpu->live->names[word - 1]);
}

void lab_live_spin_lock(struct lab_spinlock *lock)
{
	LAB_LIVE_HARNESS;
	struct lab_live_cpu *cpu = lab_live_current;
	uint32_t me = holder_word(cpu);

	lab_live_point(cpu);
	note_taken(cpu, lock);
	for (;;) {
		uint32_t seen = 0;

		/* acquire: takes what the last holder wrote, from the release in spin_unlock */
		if (lab_cas_acquire(word_of(lock), &seen, me))
			break;
		if (is_on(cpu, seen))
			report_deadlock(cpu, lock, seen);
		/* After a finding exclusion no longer matters, and the end of the run must not hang on a lock. */
		if (cpu && lab_live_has_found(cpu->live))
			break;
		lab_live_relax(cpu);
	}
	note_held(cpu, lock);
	lab_live_point(cpu);
}

bool lab_live_spin_trylock(struct lab_spinlock *lock)
{
	LAB_LIVE_HARNESS;
	struct lab_live_cpu *cpu = lab_live_current;
	uint32_t me = holder_word(cpu), seen = 0;

	lab_live_point(cpu);
	/* acquire: as in spin_lock */
	if (!lab_cas_acquire(word_of(lock), &seen, me))
		return false;
	note_held(cpu, lock);
	return true;
}

void lab_live_spin_unlock(struct lab_spinlock *lock)
{
	LAB_LIVE_HARNESS;
	struct lab_live_cpu *cpu = lab_live_current;

	if (cpu)
		forget_held(cpu, lock);
	/* release: publishes what was done under the lock to the acquire of the next spin_lock or spin_trylock */
	lab_store_release(word_of(lock), 0);
	lab_live_point(cpu);
}
