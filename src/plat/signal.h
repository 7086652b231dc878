/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_SIGNAL_H
#define LAB_PLAT_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include <labyrinth/status.h>

/*
 * As sigaction, but that the handler can return on a thread whose system calls are caught (plat/trap.h); it disarms the
 * thread itself. LAB_SYSTEM: errno.
 */
LAB_MUST_USE enum lab_status lab_signal_action(int signal, const struct sigaction *action);
/* The code by which such a handler returns, and its bytes; NULL where there is none. */
const void *lab_signal_return(size_t *ret_bytes);

/*
 * Interrupt levels as real-time signals: level 0 is the lowest. While the handler of a level runs, the kernel holds
 * back that level and those below it on that thread, so a higher level interrupts a lower one and never the reverse.
 */
#define LAB_SIGNAL_LEVELS 3u

/* The signal of a level, below LAB_SIGNAL_LEVELS. */
int lab_signal_of_level(unsigned level);

/* Installs one handler for all levels, for the whole process; errno is kept across it. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_signal_levels_install(void (*handler)(unsigned level));
/* Ignores the levels' signals from now on. */
void lab_signal_levels_remove(void);

/* Opens or holds back all levels on the calling thread. */
void lab_signal_levels_open(void);
void lab_signal_levels_close(void);

/* Sends a level's signal to one thread of this process. False: it could not be queued, or the thread is gone. */
bool lab_signal_send(int thread_id, unsigned level);

/*
 * Crashes: SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT call the handler on the thread's own alternate stack (an
 * overflowed stack must not hide the crash). When the handler returns, the signal has its default effect. abort_only
 * leaves all but SIGABRT to whom they belong now (a sanitizer's runtime). remove gives back what install found.
 * address: that was accessed; code: of the instruction, NULL where it tells nothing (a signal that somebody sent).
 */
void lab_signal_crash_install(void (*handler)(int signal, const void *address, const void *code), bool abort_only);
void lab_signal_crash_remove(void);
/* For that handler, on its thread: the instruction that was interrupted, whoever sent the signal. NULL: not known. */
const void *lab_signal_crash_at(void);

/*
 * A crash stack for the calling thread; memory is the caller's, room bytes; clear gives
 * back the one found, on the same thread.
 */
#define LAB_SIGNAL_STACK_BYTES 65536u
void lab_signal_stack_set(void *memory, size_t room);
void lab_signal_stack_clear(void);

/* "SIGSEGV"; never NULL. Async-signal-safe. */
const char *lab_signal_name(int signal);

#endif
