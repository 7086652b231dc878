/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_H
#define LAB_ENGINE_LIVE_H

#include "engine/exec.h"
#include "plat/sanitizer.h"

/*
 * Real threads, real time: each thread is a virtual CPU with one actor for each kind of context, and interrupts cut in
 * at any instruction (timer, storm) or at host services and operation ends (inject).
 */
enum lab_live_source {
	LAB_LIVE_TIMER,  /* one POSIX timer a thread and level, real-time signals */
	LAB_LIVE_STORM,  /* a controller thread sends; the next one when the last was acknowledged */
	LAB_LIVE_INJECT, /* a call in place: the one for ThreadSanitizer, which delays signals and never nests them */
	LAB_LIVE_SOURCE_COUNT
};

#define LAB_LIVE_SOURCE_DEFAULT (LAB_SANITIZER_THREAD ? LAB_LIVE_INJECT : LAB_LIVE_TIMER)
/* What the log of a finding holds, for each thread. */
#define LAB_LIVE_EVENTS   64u
#define LAB_LIVE_RATE_MAX 100000u
/* CPU time that one target call may take before it counts as hung. */
#define LAB_LIVE_WATCHDOG_NS (UINT64_C(10000000000) * (LAB_SANITIZER_ANY ? 6 : 1))

struct lab_live_config {
	const struct lab_target *target;
	struct lab_scenario_machine machine; /* cpu_count follows from threads */
	unsigned threads;                    /* 1 to LAB_CPU_MAX */
	unsigned levels;                     /* interrupts that come: 1 << kind each */
	enum lab_live_source source;
	uint64_t irq_rate; /* a second, for each thread and level, at most LAB_LIVE_RATE_MAX; inject takes no rate */
	uint64_t seed;
	uint64_t watchdog_ns;
	uint64_t round_ns; /* at least this often all stop, release everything, and the quiescence rules are judged */
	unsigned sample;   /* one operation in `sample` is timed, on average and at random; 0: none */
	size_t kept_room;  /* blocks that each actor may keep */
	/* Moves the backing of a span: struct lab_engine_ops; may sleep. NULL: it always is there. */
	void (*memory)(void *arg, unsigned span, bool comes);
	void *memory_arg;
	bool sleep_allowed; /* system calls and locks of atomic calls are not looked at; host services always are */
};

/* What the contexts do. Every call but tick comes in the actor's own context, a signal handler's included. */
struct lab_live_driver {
	/* The actor's next operation. False ends a handler's firing, or a task's part in this run. */
	bool (*next)(void *arg, const struct lab_actor *actor, struct lab_op *ret_op);
	/* An operation has ended; ns: time in the target, 0 when it was not sampled. May be NULL. */
	void (*done)(void *arg, const struct lab_actor *actor, const struct lab_op *op, enum lab_status status,
		     uint64_t ns);
	/* Each tenth of a second, on the thread that called lab_live_run; false ends the run. May be NULL. */
	bool (*tick)(void *arg);
	void *arg;
};

struct lab_live;

/*
 * Builds the machine, takes the census and creates the target's instance. LAB_OK: *ret_live is the caller's to destroy,
 * and may already have a finding (a target that crashes or hangs at its creation). Otherwise nothing is left behind:
 * LAB_SYSTEM: errno; LAB_NO_MEMORY; or what the target's create answered. One at a time in a process. May sleep.
 */
LAB_MUST_USE enum lab_status lab_live_create(const struct lab_live_config *config, struct lab_live **ret_live);

/*
 * Runs until duration_ns has passed, the tasks have done op_limit operations together (0: no limit), a finding, or tick
 * says so; then all is released and drained and the quiescence rules are judged. May be called again unless there is a
 * finding. LAB_OK: it ran. LAB_BUSY: a thread sleeps in the target and does not come back. LAB_SYSTEM: errno. May
 * sleep.
 */
LAB_MUST_USE enum lab_status lab_live_run(struct lab_live *live, const struct lab_live_driver *driver,
					  uint64_t duration_ns, uint64_t op_limit);

/* One operation in `sample` is timed from now on, 0: none. Not while a run is under way. */
void lab_live_set_sample(struct lab_live *live, unsigned sample);

/* False: some thread is stuck in the target; what it may touch is left to the process' end, which must not wait. */
bool lab_live_destroy(struct lab_live *live);

/* The first finding, or NULL; stays until destroy. */
const struct lab_finding *lab_live_finding(const struct lab_live *live);
/*
 * Whoever makes the report of a crash has ten seconds, then the crashed thread says the least there is to say and ends
 * the process; this asks for so much time from now on.
 */
void lab_live_report_takes(uint64_t ns);
/*
 * Where the target was when it broke R07 by a system call or a lock: addresses that calls return to, the innermost
 * first; they live as long as `live`. How many; 0: another finding, or the host service itself says it.
 */
size_t lab_live_stack(const struct lab_live *live, const void *const **ret_stack);
/* The last events of each thread; malloc'ed, the caller's to free. */
char *lab_live_log(const struct lab_live *live);

const struct lab_oracle *lab_live_oracle(const struct lab_live *live);
const struct lab_machine *lab_live_machine(const struct lab_live *live);
/* Actors in order: for each thread its task, softirq, hardirq and nmi. */
unsigned lab_live_actor_index(unsigned thread, enum lab_context_kind kind);
unsigned lab_live_actor_count(const struct lab_live *live);
const struct lab_actor *lab_live_actor(const struct lab_live *live, unsigned index);
/* Least min watermark that was in force in a zone. */
uint64_t lab_live_least_min(const struct lab_live *live, enum lab_zone zone);

#endif
