/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_TRAP_H
#define LAB_PLAT_TRAP_H

#include <labyrinth/status.h>

#include "plat/atomic.h"
#include "plat/sanitizer.h"

/*
 * System calls as events: while a thread is armed, a system call of its own raises SIGSYS before the kernel looks at it
 * (Syscall User Dispatch). Arming is one store. Not under a sanitizer, whose runtime makes system calls anywhere.
 *
 * A signal handler that comes in on an armed thread is armed too: handlers that lab_signal_* install disarm it first
 * and return by a call that is always allowed (lab_signal_action).
 */
#if !LAB_SANITIZER_ANY && (defined(__x86_64__) || defined(__aarch64__))
#define LAB_TRAP_WRITTEN 1
#else
#define LAB_TRAP_WRITTEN 0
#endif

/* 1: armed. The kernel reads it at each system call of its thread. Written by the thread and its handlers alone. */
extern _Thread_local lab_atomic8 lab_trap_armed;

/* Arms (1) or disarms (0) the calling thread and answers what it was. Wait-free; also where nothing is caught. */
static inline uint8_t lab_trap_arm(uint8_t armed)
{
	uint8_t before;

	/* relaxed, and barriers for the compiler alone: between a thread and its own handlers */
	lab_compiler_barrier();
	before = lab_load_relaxed(&lab_trap_armed);
	lab_store_relaxed(&lab_trap_armed, armed);
	lab_compiler_barrier();
	return before;
}

/* False: this build or this kernel cannot. */
bool lab_trap_supported(void);

/*
 * Whom to tell, on the thread itself, with its signals held back: the call's number, and the address behind the
 * instruction that makes it. The thread is disarmed by then, and makes the call when the handler has returned, as if
 * nothing had happened. For the whole process. LAB_SYSTEM: errno.
 */
LAB_MUST_USE enum lab_status lab_trap_install(void (*handler)(long number, const void *code));

/* The calling thread's system calls can be caught from open to close. Only where supported. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_trap_open(void);
void lab_trap_close(void);

/* "futex"; NULL: none that was known when this was built. Async-signal-safe. */
const char *lab_trap_call_name(long number);

#endif
