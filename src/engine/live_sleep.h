/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_SLEEP_H
#define LAB_ENGINE_LIVE_SLEEP_H

#include "engine/exec.h"
#include "plat/trap.h"

struct lab_live_cpu;

/*
 * Atomic means no sleep (R07): while a target call runs that must not sleep, its thread is armed, and a system call
 * (plat/trap.h) or a call of a lock that may block (live_block.c) is noted with its stack. The call is then let go on
 * as it would without us, and the note becomes a finding at its end, when the log has the operation as its last; or
 * after LAB_LIVE_SLIP_NS, if it does not come back. A call that ends in a crash is R00 by then: abort makes system
 * calls.
 *
 * Armed is the target's code alone: host services and whatever runs in them disarm, see LAB_LIVE_HARNESS.
 */
#define LAB_LIVE_SLIP_NS     UINT64_C(200000000)
#define LAB_LIVE_SLIP_FRAMES 24u

/* What was noted, the first of a run on each CPU. Written before `since_ns`, read after it. */
struct lab_live_slip {
	lab_atomic64 since_ns; /* 0: nothing */
	enum lab_context_kind kind;
	unsigned order;
	const char *where;
	char what[40]; /* "syscall=futex" */
	const void *stack[LAB_LIVE_SLIP_FRAMES];
	size_t frames;
};

/* Whether a target call that begins now, with this request or NULL, must not sleep. Arms accordingly. */
void lab_live_sleep_begin(struct lab_live_cpu *cpu, struct lab_actor *actor, const struct lab_request *request);
/* Disarms; reports what was noted in the actor's context. */
void lab_live_sleep_end(struct lab_live_cpu *cpu, struct lab_actor *actor);
/* For the supervisor: reports what was noted on a CPU whose call does not come back. */
void lab_live_sleep_overdue(struct lab_live_cpu *cpu, uint64_t now_ns);

/* On a CPU's own thread, before it works and at its end. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_live_sleep_open(struct lab_live_cpu *cpu);
void lab_live_sleep_close(struct lab_live_cpu *cpu);

/* Notes that the target's code is about to do what may sleep, if it must not. from: the address that it goes on at. */
void lab_live_sleep_note(const char *what, const void *from);

/* An address in the target's file: a function's, since the table may lie anywhere. */
const void *lab_live_code_of(const struct lab_target *target);

/* live_block.c: puts a watch before the locks of the C library that the target's file calls. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_live_block_watch(const struct lab_target *target);

static inline uint8_t lab_live_harness_enter(void)
{
	return lab_trap_arm(0);
}

/* Arms again by what holds now: a service may have masked interrupts. */
void lab_live_harness_leave(const uint8_t *armed);

/* The first line of a host service: until its end the harness runs, which may make system calls. */
#define LAB_LIVE_HARNESS                                                                                               \
	const uint8_t armed_ __attribute__((cleanup(lab_live_harness_leave), unused)) = lab_live_harness_enter()

#endif
