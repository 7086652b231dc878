/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_HOOK_SYNC_H
#define LAB_ENGINE_HOOK_SYNC_H

#include <pthread.h>

#include "engine/hook.h"
#include "engine/live_sleep.h"
#include "engine/sim.h"
#include "engine/sim_sync.h"
#include "plat/race.h"

/*
 * Calls of the C library's that wait or wake, as a hooked module makes them. In a run each is a scheduling point, one
 * that may block is R07 where the context must not sleep, and what the call does is done to the object by us. Elsewhere
 * the C library does it, and the live engine notes it.
 */
#define CODE __builtin_return_address(0)

/* Beside an object, of which ThreadSanitizer's runtime thinks that the engine uses it. */
#define TAG(object) ((const char *)(object) + 1)

/* A hook of that name: our answer in a run, where it is or is not one that may sleep, and the C library's elsewhere. */
#define SLEEPS(name, parameters, arguments, ours)                                                                      \
	LAB_HOOK int __wrap_##name parameters;                                                                         \
	int __wrap_##name parameters                                                                                   \
	{                                                                                                              \
		if (lab_sim_blocks(#name, CODE))                                                                       \
			return ours;                                                                                   \
		lab_live_sleep_note("call=" #name, CODE);                                                              \
		return name arguments;                                                                                 \
	}
#define SERVES(name, parameters, arguments, ours)                                                                      \
	LAB_HOOK int __wrap_##name parameters;                                                                         \
	int __wrap_##name parameters                                                                                   \
	{                                                                                                              \
		if (!lab_sim_serves(#name, CODE))                                                                      \
			return name arguments;                                                                         \
		return ours;                                                                                           \
	}
/* The same where others are let in only after it, so that who waited may go on before anything else happens. */
#define GIVES(name, parameters, arguments, ours)                                                                       \
	LAB_HOOK int __wrap_##name parameters;                                                                         \
	int __wrap_##name parameters                                                                                   \
	{                                                                                                              \
		int error;                                                                                             \
                                                                                                                       \
		if (!lab_sim_runs())                                                                                   \
			return name arguments;                                                                         \
		error = ours;                                                                                          \
		lab_sim_serves(#name, CODE);                                                                           \
		return error;                                                                                          \
	}

/* hook_mutex.c: as pthread_mutex_lock and pthread_mutex_unlock in a run. */
int lab_hook_mutex_lock(pthread_mutex_t *mutex, const char *service, bool timed);
int lab_hook_mutex_unlock(pthread_mutex_t *mutex);

#endif
