/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "engine/hook.h"
#include "engine/live_sleep.h"
#include "plat/race.h"

/*
 * What may block, as a hooked module calls it: R07 where the context must not sleep. In a run of the deterministic
 * engine all contexts are one OS thread, so who finds a mutex taken lets others move until it is free, and no time
 * passes. The mutex stays the C library's own, in the module's memory; a recursive one would let any context in.
 */
#define CODE __builtin_return_address(0)
/* Beside the mutex, of which ThreadSanitizer's runtime thinks that the engine takes it. */
#define TAG(mutex) ((const char *)(mutex) + 1)

LAB_HOOK int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int error;

	if (!lab_sim_blocks("pthread_mutex_lock", CODE)) {
		lab_live_sleep_note("call=pthread_mutex_lock", CODE);
		return pthread_mutex_lock(mutex);
	}
	while ((error = pthread_mutex_trylock(mutex)) == EBUSY)
		lab_sim_blocked(CODE);
	lab_race_acquire(TAG(mutex)); /* takes what unlock released */
	return error;
}

LAB_HOOK int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	int error;

	lab_sim_serves("pthread_mutex_trylock", CODE);
	error = pthread_mutex_trylock(mutex);
	if (!error)
		lab_race_acquire(TAG(mutex)); /* takes what unlock released */
	return error;
}

LAB_HOOK int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	int error;

	lab_race_release(TAG(mutex)); /* gives what was done under it to the next lock or trylock */
	error = pthread_mutex_unlock(mutex);
	lab_sim_serves("pthread_mutex_unlock", CODE); /* after: who waited may take it before anything else happens */
	return error;
}

LAB_HOOK int __wrap_nanosleep(const struct timespec *span, struct timespec *ret_left);
int __wrap_nanosleep(const struct timespec *span, struct timespec *ret_left)
{
	if (lab_sim_blocks("nanosleep", CODE)) {
		lab_sim_blocked(CODE);
		return 0;
	}
	lab_live_sleep_note("call=nanosleep", CODE);
	return nanosleep(span, ret_left);
}

LAB_HOOK int __wrap_usleep(useconds_t span);
int __wrap_usleep(useconds_t span)
{
	if (lab_sim_blocks("usleep", CODE)) {
		lab_sim_blocked(CODE);
		return 0;
	}
	lab_live_sleep_note("call=usleep", CODE);
	return usleep(span);
}
