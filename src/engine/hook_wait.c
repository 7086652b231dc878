/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/hook_sync.h"

#include <errno.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

/*
 * Conditions and semaphores. Who waits longest is woken first, and nobody is woken for nothing. What has a time to wait
 * until waits until nobody can move.
 */

static bool is_woken(const struct lab_sim_sync *sync)
{
	return sync->woken;
}

static int wait_for(const void *condition, pthread_mutex_t *mutex, const char *service, bool timed)
{
	struct lab_sim_sync sync = {.service = service, .object = condition, .is_free = is_woken, .timed = timed};
	int error = lab_hook_mutex_unlock(mutex);
	bool woken;

	if (error)
		return error;
	woken = lab_sim_sync_wait(&sync); /* nobody can come in before it sleeps */
	error = lab_hook_mutex_lock(mutex, service, false);
	return error ? error : woken ? 0 : ETIMEDOUT;
}

static int wake(const void *condition, bool all)
{
	lab_sim_sync_wake(condition, all);
	return 0;
}

SLEEPS(pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), (condition, mutex),
       wait_for(condition, mutex, "pthread_cond_wait", false))
SLEEPS(pthread_cond_timedwait, (pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *until),
       (condition, mutex, until), wait_for(condition, mutex, "pthread_cond_timedwait", true))
SLEEPS(pthread_cond_clockwait,
       (pthread_cond_t * condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until),
       (condition, mutex, clock, until), wait_for(condition, mutex, "pthread_cond_clockwait", true))
GIVES(pthread_cond_signal, (pthread_cond_t * condition), (condition), wake(condition, false))
GIVES(pthread_cond_broadcast, (pthread_cond_t * condition), (condition), wake(condition, true))

/* C11's; both are what went wrong in one way only. */
static pthread_mutex_t *of(mtx_t *mutex)
{
	return (pthread_mutex_t *)mutex;
}

static int status_of(int error)
{
	return error == ETIMEDOUT ? thrd_timedout : error ? thrd_error : thrd_success;
}

SLEEPS(cnd_wait, (cnd_t * condition, mtx_t *mutex), (condition, mutex),
       status_of(wait_for(condition, of(mutex), "cnd_wait", false)))
SLEEPS(cnd_timedwait, (cnd_t * condition, mtx_t *mutex, const struct timespec *until), (condition, mutex, until),
       status_of(wait_for(condition, of(mutex), "cnd_timedwait", true)))
GIVES(cnd_signal, (cnd_t * condition), (condition), wake(condition, false))
GIVES(cnd_broadcast, (cnd_t * condition), (condition), wake(condition, true))

/* The count stays the C library's, which nobody sleeps on. */
static bool is_counted(const struct lab_sim_sync *sync)
{
	int count = 0;

	return sem_getvalue((sem_t *)(uintptr_t)sync->object, &count) == 0 && count > 0;
}

static int count_down(sem_t *semaphore, const char *service, bool timed)
{
	struct lab_sim_sync sync = {.service = service, .object = semaphore, .is_free = is_counted, .timed = timed};

	if (!lab_sim_sync_wait(&sync)) {
		errno = ETIMEDOUT;
		return -1;
	}
	lab_race_acquire(TAG(semaphore)); /* takes what was done before the posts */
	return sem_trywait(semaphore);
}

static int try_down(sem_t *semaphore)
{
	int error = sem_trywait(semaphore);

	if (!error)
		lab_race_acquire(TAG(semaphore)); /* takes what was done before the posts */
	return error;
}

static int count_up(sem_t *semaphore)
{
	lab_race_release(TAG(semaphore)); /* gives what was done before it to who counts down */
	return sem_post(semaphore);
}

SLEEPS(sem_wait, (sem_t * semaphore), (semaphore), count_down(semaphore, "sem_wait", false))
SLEEPS(sem_timedwait, (sem_t * semaphore, const struct timespec *until), (semaphore, until),
       count_down(semaphore, "sem_timedwait", true))
SERVES(sem_trywait, (sem_t * semaphore), (semaphore), try_down(semaphore))
GIVES(sem_post, (sem_t * semaphore), (semaphore), count_up(semaphore))
