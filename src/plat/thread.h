/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_THREAD_H
#define LAB_PLAT_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/status.h>

struct lab_thread {
	pthread_t handle;
};

/*
 * Starts a thread that blocks every signal a process can be asked to end or be interrupted by, so that those reach the
 * main thread; it opens what it wants itself. LAB_OK: join or abandon it. LAB_SYSTEM: errno. May sleep.
 */
LAB_MUST_USE enum lab_status lab_thread_start(struct lab_thread *thread, void *(*run)(void *), void *arg);

/* Waits for the thread's end. May sleep, for ever if the thread never ends. */
void lab_thread_join(struct lab_thread *thread);

/* Gives up on a thread that does not end: nobody will join it. What it may still touch must never be freed. */
void lab_thread_abandon(struct lab_thread *thread);

/* CPU time that another thread, not yet joined, has used. False: it has ended. */
bool lab_thread_cpu_ns(const struct lab_thread *thread, uint64_t *ret_ns);

/* The calling thread's id, as the kernel knows it. Async-signal-safe. */
int lab_thread_self(void);

/* Lets another thread of the machine run. Async-signal-safe. */
void lab_thread_yield(void);

/* Sleeps; a signal may end it early. */
void lab_thread_sleep_ns(uint64_t ns);

#endif
