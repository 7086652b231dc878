/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_CPU_H
#define LAB_ENGINE_LIVE_CPU_H

#include "base/prng.h"
#include "engine/live.h"
#include "engine/live_ring.h"
#include "engine/live_sleep.h"
#include "engine/live_usage.h"
#include "engine/machine.h"
#include "plat/signal.h"
#include "plat/thread.h"
#include "plat/timer.h"

/*
 * The live engine's inside. A word that a thread shares with its own handlers only is a relaxed atomic: the kernel
 * delivers a signal between two instructions of the thread, and all that is asked is that neither sees half a word.
 */

#define LAB_LIVE_HELD_MAX 8u /* locks that one context holds at once, for usage tracking */

/* One kind of context on one virtual CPU. */
struct lab_live_level {
	struct lab_actor *actor;
	struct lab_prng dice;       /* when to inject */
	struct lab_prng randomness; /* what random_fill answers */
	lab_atomic64 call_turns;    /* moves with each begin and end of a target call: the watchdog's pulse */
	lab_atomic32 call_depth;    /* calls under way in this context */
	bool atomic_call;           /* the call under way is for an atomic request */
	unsigned irq_off;           /* masks taken by irq-off operations */
	unsigned locks;             /* the scenario locks held, one bit each */
	unsigned event;             /* of the operation under way, in the ring */
	unsigned until_sample;      /* operations before the next one that is timed */
};

/* A virtual CPU: one thread. */
struct lab_live_cpu {
	_Alignas(64) struct lab_live *live;
	unsigned index;
	lab_atomic32 level;   /* the kind of context that runs now */
	lab_atomic32 masked;  /* how often interrupts are masked; 0: open */
	lab_atomic32 pending; /* interrupts that came while they could not run, 1 << kind; other CPUs raise here too */
	lab_atomic32 closed;  /* not at work: no interrupt is delivered */
	lab_atomic32 quiet;   /* the watchdog's: no interrupt, so that a call under suspicion has the CPU for itself */
	lab_atomic32 thread_id;
	lab_atomic32 acknowledged[LAB_SIGNAL_LEVELS]; /* storm: handlers done */
	lab_atomic32 finished;                        /* the thread touches nothing of ours any more */
	lab_atomic32 crashed;                         /* it never will again */
	struct lab_live_level levels[LAB_CONTEXT_KIND_COUNT];
	struct lab_spinlock *held[LAB_LIVE_HELD_MAX];
	unsigned held_count;
	unsigned relaxed; /* rounds of spinning, to yield now and then */
	bool timers_on;
	struct lab_live_slip slip;
	struct lab_timer timers[LAB_SIGNAL_LEVELS];
	struct lab_live_ring ring;
	struct lab_thread thread;
	void (*job)(struct lab_live_cpu *);
	unsigned char crash_stack[LAB_SIGNAL_STACK_BYTES];
};

enum lab_live_found { LAB_LIVE_FOUND_NOTHING, LAB_LIVE_FOUND_WRITING, LAB_LIVE_FOUND };

struct lab_live {
	struct lab_live_config config;
	const struct lab_live_driver *driver;
	struct lab_machine_store store;
	struct lab_oracle *oracle;
	struct lab_exec exec;
	struct lab_live_cpu *cpus;
	struct lab_actor *actors;
	char (*names)[LAB_NAME_BYTES];
	unsigned actor_count;
	uint64_t tasks_op_limit; /* operations that each task has to do in this round; 0: no limit */
	lab_atomic64 least_min[LAB_ZONE_COUNT];
	struct lab_spinlock locks[LAB_LOCK_COUNT];
	struct lab_live_usage usage;
	struct lab_finding finding;
	lab_atomic32 job_status; /* enum lab_status, of the jobs that answer one */
	bool stuck, cancelled;
	bool watch_sleep; /* R07 is promised, and asked for */
	/* Read by all at each operation, written seldom. */
	_Alignas(64) lab_atomic32 stop;
	lab_atomic32 found;          /* enum lab_live_found */
	lab_atomic32 reclaim_wanted; /* 1 << zone */
	lab_atomic32 reclaim_busy;   /* somebody is at it */
	lab_atomic32 working;        /* tasks that have not come to the end of their operations */
	lab_atomic32 asleep;         /* of these, those in the host's wait */
	lab_atomic64 time_ms;        /* since the start of the run */
};

/* The virtual CPU of the calling thread; NULL on threads that are none. */
extern _Thread_local struct lab_live_cpu *lab_live_current;

extern const struct lab_host lab_live_host;
extern const struct lab_engine_ops lab_live_engine_ops;

static inline enum lab_context_kind lab_live_level_of(const struct lab_live_cpu *cpu)
{
	/* relaxed: the thread's own word, see the top */
	return (enum lab_context_kind)lab_load_relaxed(&cpu->level);
}

static inline struct lab_live_level *lab_live_context(struct lab_live_cpu *cpu)
{
	return &cpu->levels[lab_live_level_of(cpu)];
}

static inline bool lab_live_stopping(const struct lab_live *live)
{
	/* relaxed: a hint to come to an end, nothing is read on its strength */
	return lab_load_relaxed(&live->stop);
}

static inline bool lab_live_has_found(const struct lab_live *live)
{
	/* relaxed: as above; the finding itself is read after the release of its writer, see lab_live_finding */
	return lab_load_relaxed(&live->found) != LAB_LIVE_FOUND_NOTHING;
}

/* live_irq.c: interrupts of this thread's own CPU. */
void lab_live_deliver(struct lab_live_cpu *cpu, enum lab_context_kind kind);
void lab_live_point(struct lab_live_cpu *cpu); /* here pending interrupts run and injected ones come; NULL: nothing */
unsigned long lab_live_mask(struct lab_live_cpu *cpu);
void lab_live_unmask(struct lab_live_cpu *cpu, unsigned long flags);

/* live_step.c */
void lab_live_step(struct lab_live_cpu *cpu, struct lab_live_level *level, const struct lab_op *op);
/* What a context must not leave behind: locks and masks of its operations. */
void lab_live_let_go(struct lab_live_cpu *cpu, struct lab_live_level *level);

/* live_wait.c: the host's wait. */
void lab_live_wait(struct lab_live_cpu *cpu, const uint32_t *key, uint32_t seen);

/* live_lock.c */
void lab_live_spin_lock(struct lab_spinlock *lock);
bool lab_live_spin_trylock(struct lab_spinlock *lock);
void lab_live_spin_unlock(struct lab_spinlock *lock);
void lab_live_lock_opened(struct lab_live_cpu *cpu); /* interrupts are open again while locks may be held */
void lab_live_relax(struct lab_live_cpu *cpu);

/* live_source.c: where interrupts come from; open on the thread itself, the storm on the supervisor. */
LAB_MUST_USE enum lab_status lab_live_source_open(struct lab_live_cpu *cpu);
void lab_live_source_close(struct lab_live_cpu *cpu);
LAB_MUST_USE enum lab_status lab_live_signals_install(void);
LAB_MUST_USE enum lab_status lab_live_storm_start(struct lab_live *live, struct lab_thread *ret_thread);

/* live_job.c: what threads are started for. */
void lab_live_job_create(struct lab_live_cpu *cpu);
void lab_live_job_work(struct lab_live_cpu *cpu);
/* Does the reclaimer's work where somebody asked for it and nobody does it; the calling task may sleep. */
void lab_live_reclaim(struct lab_live_cpu *cpu);
void lab_live_job_quiesce(struct lab_live_cpu *cpu);
void lab_live_job_destroy(struct lab_live_cpu *cpu);

/* live_watch.c: runs a job on the first `threads` CPUs and returns when they have ended, or are given up (stuck). */
LAB_MUST_USE enum lab_status lab_live_supervise(struct lab_live *live, void (*job)(struct lab_live_cpu *),
						unsigned threads, uint64_t duration_ns);

/* live_crash.c */
void lab_live_crash_guard(struct lab_live *live);
void lab_live_crash_unguard(void);
void lab_live_crash_races(struct lab_live *live); /* turns a sanitizer's race report into R11 */

#endif
