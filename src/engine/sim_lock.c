/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include "base/bits.h"
#include "plat/race.h"

#define LEVELS_MASKABLE (1u << LAB_CONTEXT_SOFTIRQ | 1u << LAB_CONTEXT_HARDIRQ)
#define LEVELS_ALL      (LEVELS_MASKABLE | 1u << LAB_CONTEXT_NMI)

struct lab_sim_context *lab_sim_lock_holder(struct lab_sim *sim, const struct lab_spinlock *lock)
{
	if (!lock->holder || lock->holder > sim->exec.actor_count)
		return NULL;
	return &sim->contexts[lock->holder - 1];
}

static struct lab_sim_lock_class *class_of(struct lab_sim *sim, const struct lab_spinlock *lock)
{
	const void *key = lock->class_key ? lock->class_key : lock;

	for (unsigned i = 0; i < sim->class_count; i++)
		if (sim->classes[i].key == key)
			return &sim->classes[i];
	if (sim->class_count == LAB_SIM_CLASS_COUNT)
		return NULL; /* more classes than are tracked: the rest is judged by real deadlocks only */
	sim->classes[sim->class_count] = (struct lab_sim_lock_class){.key = key};
	return &sim->classes[sim->class_count++];
}

/* The levels that could interrupt whoever runs on the strand now. */
static unsigned open_levels(const struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	unsigned level = strand->top ? strand->top->actor->kind : LAB_CONTEXT_TASK;
	unsigned open = LEVELS_ALL & ~(unsigned)lab_bits_low(level + 1);

	return sim->cpus[strand->cpu].irq_depth ? open & ~LEVELS_MASKABLE : open;
}

/* As lockdep: a class that an interrupt waits for must not be held where that interrupt could come in. */
static void judge(struct lab_sim *sim, struct lab_sim_strand *strand, const struct lab_sim_lock_class *class)
{
	static const char *const names[] = {"task", "softirq", "hardirq", "nmi"};
	unsigned both = class->taken_in & class->open_to;

	if (both)
		lab_oracle_report(sim->exec.oracle, LAB_R08_INTERRUPT_SAFETY, strand->top->actor->index, UINT64_MAX, 0,
				  "lock class is waited for in %s and held where %s may interrupt, last by %s",
				  names[lab_bits_first(both)], names[lab_bits_first(both)],
				  lab_sim_name(sim, strand->top->actor->index));
}

static void track(struct lab_sim *sim, struct lab_sim_strand *strand, struct lab_spinlock *lock, bool blocking)
{
	struct lab_sim_lock_class *class = class_of(sim, lock);

	if (strand->lock_count < LAB_SIM_HELD_MAX)
		strand->locks[strand->lock_count++] = lock;
	if (!class || !strand->top)
		return;
	if (blocking && strand->top->actor->kind != LAB_CONTEXT_TASK)
		class->taken_in |= 1u << strand->top->actor->kind;
	class->open_to |= open_levels(sim, strand);
	judge(sim, strand, class);
}

void lab_sim_locks_opened(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	for (unsigned i = 0; i < strand->lock_count && strand->top; i++) {
		struct lab_sim_lock_class *class = class_of(sim, strand->locks[i]);

		if (!class)
			continue;
		class->open_to |= open_levels(sim, strand);
		judge(sim, strand, class);
	}
}

static void deadlock(struct lab_sim *sim, struct lab_sim_strand *strand, const struct lab_sim_context *holder)
{
	unsigned waiter = strand->top ? strand->top->actor->index : 0;

	lab_oracle_report(sim->exec.oracle, LAB_R08_INTERRUPT_SAFETY, waiter, UINT64_MAX, 0,
			  "deadlock: %s waits for a lock that %s%s holds", lab_sim_name(sim, waiter),
			  holder == strand->top ? "itself, " : "", lab_sim_name(sim, holder->actor->index));
}

void lab_sim_lock(struct lab_sim *sim, struct lab_spinlock *lock, bool judged)
{
	struct lab_sim_strand *strand = sim->running;

	sim->shared = true;
	while (lock->word) {
		struct lab_sim_context *holder = lab_sim_lock_holder(sim, lock);

		if (holder && holder->strand == strand && (holder->running || holder == strand->task))
			deadlock(sim, strand, holder);
		strand->blocked_on = &lock->word;
		strand->blocked_lock = lock;
		if (strand->top)
			lab_sim_block(sim, strand);
		else /* the engine's own call at the end of a run: nobody is left who could let go */
			lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, 0, UINT64_MAX, 0,
					  "a lock is held at quiescence%s%s", holder ? ", taken by " : "",
					  holder ? lab_sim_name(sim, holder->actor->index) : "");
		strand->blocked_on = NULL;
		strand->blocked_lock = NULL;
	}
	lab_race_acquire(lock); /* takes what unlock released */
	lock->word = 1;
	lock->holder = strand->top ? strand->top->actor->index + 1 : 0;
	if (judged)
		track(sim, strand, lock, true);
}

bool lab_sim_trylock(struct lab_sim *sim, struct lab_spinlock *lock)
{
	struct lab_sim_strand *strand = sim->running;

	sim->shared = true;
	if (lock->word)
		return false;
	lab_race_acquire(lock); /* takes what unlock released */
	lock->word = 1;
	lock->holder = strand->top ? strand->top->actor->index + 1 : 0;
	track(sim, strand, lock, false);
	return true;
}

void lab_sim_unlock(struct lab_sim *sim, struct lab_spinlock *lock)
{
	struct lab_sim_strand *strand = sim->running;

	for (unsigned i = strand->lock_count; i-- > 0;)
		if (strand->locks[i] == lock) {
			strand->locks[i] = strand->locks[--strand->lock_count];
			break;
		}
	sim->shared = true;
	lab_race_release(lock); /* gives what was done under the lock to the next lock or trylock */
	lock->word = 0;
	lock->holder = 0;
}
