/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "engine/live_sleep.h"
#include "target/got.h"

/*
 * What may block without a system call to show for it, as a lock that happens to be free, stands here under its own
 * name with a look before it; so do calls that always sleep, for machines that cannot catch system calls. A trylock is
 * fine.
 */
#define WATCHED(name, parameters, arguments)                                                                           \
	static int watched_##name parameters                                                                           \
	{                                                                                                              \
		lab_live_sleep_note("call=" #name, __builtin_return_address(0));                                       \
		return name arguments;                                                                                 \
	}

WATCHED(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
WATCHED(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const struct timespec *until), (mutex, until))
WATCHED(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
WATCHED(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
WATCHED(pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), (condition, mutex))
WATCHED(pthread_cond_timedwait, (pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *until),
	(condition, mutex, until))
WATCHED(pthread_barrier_wait, (pthread_barrier_t * barrier), (barrier))
WATCHED(pthread_join, (pthread_t thread, void **ret_value), (thread, ret_value))
WATCHED(sem_wait, (sem_t * semaphore), (semaphore))
WATCHED(sem_timedwait, (sem_t * semaphore, const struct timespec *until), (semaphore, until))
WATCHED(mtx_lock, (mtx_t * mutex), (mutex))
WATCHED(cnd_wait, (cnd_t * condition, mtx_t *mutex), (condition, mutex))
WATCHED(nanosleep, (const struct timespec *span, struct timespec *left), (span, left))
WATCHED(clock_nanosleep, (clockid_t clock, int flags, const struct timespec *span, struct timespec *left),
	(clock, flags, span, left))
WATCHED(usleep, (useconds_t span), (span))

static unsigned watched_sleep(unsigned seconds)
{
	lab_live_sleep_note("call=sleep", __builtin_return_address(0));
	return sleep(seconds);
}

#define ENTRY(name) {#name, (void (*)(void))watched_##name}

static const struct lab_got_function watched[] = {
	ENTRY(pthread_mutex_lock),
	ENTRY(pthread_mutex_timedlock),
	ENTRY(pthread_rwlock_rdlock),
	ENTRY(pthread_rwlock_wrlock),
	ENTRY(pthread_cond_wait),
	ENTRY(pthread_cond_timedwait),
	ENTRY(pthread_barrier_wait),
	ENTRY(pthread_join),
	ENTRY(sem_wait),
	ENTRY(sem_timedwait),
	ENTRY(mtx_lock),
	ENTRY(cnd_wait),
	ENTRY(nanosleep),
	ENTRY(clock_nanosleep),
	ENTRY(usleep),
	ENTRY(sleep),
};

enum lab_status lab_live_block_watch(const struct lab_target *target)
{
	return lab_got_replace(lab_live_code_of(target), watched, LAB_ARRAY_COUNT(watched));
}
