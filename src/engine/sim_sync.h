/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SIM_SYNC_H
#define LAB_ENGINE_SIM_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a context of a run waits for in the C library: a lock, a condition, a semaphore. It is not runnable before
 * is_free says so. The hooks keep the state of such an object in the object itself, in the module's memory, which is
 * put back between runs; all contexts being one thread, the C library would take one for the other.
 */
struct lab_sim_sync {
	const char *service; /* "pthread_mutex_lock" */
	const void *object;
	bool (*is_free)(const struct lab_sim_sync *sync);
	/* Whom it waits for, as of lab_sim_sync_self; 0: nobody known. NULL: nobody in particular. */
	uint32_t (*holder)(const void *object);
	bool spins; /* it keeps its CPU */
	bool timed; /* it gives up when nobody can move, since no time passes */
	/* The engine's. */
	bool woken, timed_out;
	uint32_t ticket;
};

/*
 * Waits, if it must; inside a run only. False: it gave up. R08: for itself, for whom it interrupted, or in a circle;
 * R09: nobody is left who could let it go on.
 */
bool lab_sim_sync_wait(struct lab_sim_sync *sync);
/* Marks as woken who waits longest for an object, or all of them. */
void lab_sim_sync_wake(const void *object, bool all);
/* Who runs, as a number that is not 0; its strand's, which a handler shares with whom it interrupts. */
uint32_t lab_sim_sync_self(void);
uint32_t lab_sim_sync_thread(void);

#endif
