/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/hook_sync.h"

#include <errno.h>
#include <threads.h>
#include <time.h>

/* Mutexes. In a run the words of the C library's are used with a context for a thread, all kinds as documented. */

static bool is_free(const struct lab_sim_sync *sync)
{
	return ((const pthread_mutex_t *)sync->object)->__data.__lock == 0;
}

static uint32_t holder(const void *object)
{
	return (uint32_t)((const pthread_mutex_t *)object)->__data.__owner;
}

static int kind_of(const pthread_mutex_t *mutex)
{
	return mutex->__data.__kind & 3;
}

static bool is_own(const pthread_mutex_t *mutex)
{
	return mutex->__data.__lock && holder(mutex) == lab_sim_sync_self();
}

static void take(pthread_mutex_t *mutex)
{
	mutex->__data.__lock = 1;
	mutex->__data.__owner = (int)lab_sim_sync_self();
	mutex->__data.__count = 1;
	lab_race_acquire(TAG(mutex)); /* takes what unlock released */
}

int lab_hook_mutex_lock(pthread_mutex_t *mutex, const char *service, bool timed)
{
	struct lab_sim_sync sync = {
		.service = service, .object = mutex, .is_free = is_free, .holder = holder, .timed = timed};

	if (is_own(mutex) && kind_of(mutex) == PTHREAD_MUTEX_ERRORCHECK)
		return EDEADLK;
	if (is_own(mutex) && kind_of(mutex) == PTHREAD_MUTEX_RECURSIVE) {
		mutex->__data.__count++;
		return 0;
	}
	if (!lab_sim_sync_wait(&sync))
		return ETIMEDOUT;
	take(mutex);
	return 0;
}

static int lock(pthread_mutex_t *mutex, const char *service)
{
	return lab_hook_mutex_lock(mutex, service, false);
}

static int try(pthread_mutex_t *mutex)
{
	if (is_own(mutex) && kind_of(mutex) == PTHREAD_MUTEX_RECURSIVE) {
		mutex->__data.__count++;
		return 0;
	}
	if (mutex->__data.__lock)
		return EBUSY;
	take(mutex);
	return 0;
}

int lab_hook_mutex_unlock(pthread_mutex_t *mutex)
{
	if (kind_of(mutex) != PTHREAD_MUTEX_NORMAL && kind_of(mutex) != PTHREAD_MUTEX_ADAPTIVE_NP && !is_own(mutex))
		return EPERM;
	if (kind_of(mutex) == PTHREAD_MUTEX_RECURSIVE && --mutex->__data.__count)
		return 0;
	lab_race_release(TAG(mutex)); /* gives what was done under it to the next lock or trylock */
	mutex->__data.__lock = 0;
	mutex->__data.__owner = 0;
	mutex->__data.__count = 0;
	return 0;
}

SLEEPS(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), lock(mutex, "pthread_mutex_lock"))
SLEEPS(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const struct timespec *until), (mutex, until),
       lab_hook_mutex_lock(mutex, "pthread_mutex_timedlock", true))
SLEEPS(pthread_mutex_clocklock, (pthread_mutex_t * mutex, clockid_t clock, const struct timespec *until),
       (mutex, clock, until), lab_hook_mutex_lock(mutex, "pthread_mutex_clocklock", true))
SERVES(pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex), try(mutex))
GIVES(pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex), lab_hook_mutex_unlock(mutex))

/* C11's are the same objects with other names for what went wrong. */
static int status_of(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ETIMEDOUT:
		return thrd_timedout;
	default:
		return thrd_error;
	}
}

static pthread_mutex_t *of(mtx_t *mutex)
{
	return (pthread_mutex_t *)mutex;
}

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "the one is the other");

SLEEPS(mtx_lock, (mtx_t * mutex), (mutex), status_of(lock(of(mutex), "mtx_lock")))
SLEEPS(mtx_timedlock, (mtx_t * mutex, const struct timespec *until), (mutex, until),
       status_of(lab_hook_mutex_lock(of(mutex), "mtx_timedlock", true)))
SERVES(mtx_trylock, (mtx_t * mutex), (mutex), status_of(try(of(mutex))))
GIVES(mtx_unlock, (mtx_t * mutex), (mutex), status_of(lab_hook_mutex_unlock(of(mutex))))
