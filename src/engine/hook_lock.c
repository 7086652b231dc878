/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/hook_sync.h"

#include <errno.h>
#include <time.h>

/* Spinlocks, and locks for readers and writers. */

/*
 * A spinlock is one word whose free value is the C library's affair: while one of a run's contexts has it, it says so
 * in a way that the C library's never does.
 */
#define HELD      UINT32_C(0x5eed0000)
#define HELD_MASK UINT32_C(0xffff0000)

static uint32_t spin_word(const void *object)
{
	return (uint32_t)*(const pthread_spinlock_t *)object;
}

static bool spin_is_free(const struct lab_sim_sync *sync)
{
	return (spin_word(sync->object) & HELD_MASK) != HELD;
}

static uint32_t spin_holder(const void *object)
{
	return spin_word(object) & ~HELD_MASK;
}

static int spin_take(pthread_spinlock_t *lock, bool waits)
{
	struct lab_sim_sync sync = {
		.service = "pthread_spin_lock",
		.object = (const void *)(uintptr_t)lock,
		.is_free = spin_is_free,
		.holder = spin_holder,
		.spins = true,
	};

	if (!waits && !spin_is_free(&sync))
		return EBUSY;
	(void)lab_sim_sync_wait(&sync);
	*lock = (int)(HELD | lab_sim_sync_self());
	lab_race_acquire(TAG(lock)); /* takes what unlock released */
	return 0;
}

static int spin_give(pthread_spinlock_t *lock)
{
	pthread_spinlock_t fresh;

	lab_race_release(TAG(lock)); /* gives what was done under it to the next lock or trylock */
	/* ThreadSanitizer, which saw nobody lock it, would complain of an unlock. */
	(void)pthread_spin_init(&fresh, PTHREAD_PROCESS_PRIVATE);
	*lock = fresh;
	(void)pthread_spin_destroy(&fresh);
	return 0;
}

/* Who spins does not sleep. */
SERVES(pthread_spin_lock, (pthread_spinlock_t * lock), (lock), spin_take(lock, true))
SERVES(pthread_spin_trylock, (pthread_spinlock_t * lock), (lock), spin_take(lock, false))
GIVES(pthread_spin_unlock, (pthread_spinlock_t * lock), (lock), spin_give(lock))

/* In place of the C library's words: it is all zero where nobody has it. Readers come in past writers that wait. */
struct shared {
	uint32_t readers, reader; /* how many; who, if there is one and known */
	uint32_t writer;
};

_Static_assert(sizeof(struct shared) <= offsetof(pthread_rwlock_t, __data.__flags), "its kind is left alone");

static bool none_writes(const struct lab_sim_sync *sync)
{
	return !((const struct shared *)sync->object)->writer;
}

static bool none_has_it(const struct lab_sim_sync *sync)
{
	return none_writes(sync) && !((const struct shared *)sync->object)->readers;
}

static uint32_t shared_holder(const void *object)
{
	const struct shared *shared = object;

	return shared->writer ? shared->writer : shared->readers == 1 ? shared->reader : 0;
}

enum how { WAITS, TRIES, GIVES_UP };

static int shared_take(pthread_rwlock_t *lock, const char *service, bool writes, enum how how)
{
	struct shared *shared = (struct shared *)lock;
	struct lab_sim_sync sync = {
		.service = service,
		.object = lock,
		.is_free = writes ? none_has_it : none_writes,
		.holder = shared_holder,
		.timed = how == GIVES_UP,
	};

	if (how == TRIES && !sync.is_free(&sync))
		return EBUSY;
	if (how == WAITS && shared->writer == lab_sim_sync_self())
		return EDEADLK;
	if (!lab_sim_sync_wait(&sync))
		return ETIMEDOUT;
	if (writes)
		shared->writer = lab_sim_sync_self();
	else
		shared->reader = shared->readers++ ? 0 : lab_sim_sync_self();
	lab_race_acquire(TAG(lock)); /* takes what those before it released */
	return 0;
}

/* A reader gives as well: a writer after it comes after what it read. */
static int shared_give(pthread_rwlock_t *lock)
{
	struct shared *shared = (struct shared *)lock;

	lab_race_release(TAG(lock)); /* to the next one that takes it */
	if (shared->writer)
		shared->writer = 0;
	else if (shared->readers)
		shared->readers--;
	shared->reader = 0;
	return 0;
}

#define READS(name, how)  shared_take(lock, #name, false, how)
#define WRITES(name, how) shared_take(lock, #name, true, how)

SLEEPS(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), READS(pthread_rwlock_rdlock, WAITS))
SLEEPS(pthread_rwlock_timedrdlock, (pthread_rwlock_t * lock, const struct timespec *until), (lock, until),
       READS(pthread_rwlock_timedrdlock, GIVES_UP))
SERVES(pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock), (lock), READS(pthread_rwlock_tryrdlock, TRIES))
SLEEPS(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), WRITES(pthread_rwlock_wrlock, WAITS))
SLEEPS(pthread_rwlock_timedwrlock, (pthread_rwlock_t * lock, const struct timespec *until), (lock, until),
       WRITES(pthread_rwlock_timedwrlock, GIVES_UP))
SERVES(pthread_rwlock_trywrlock, (pthread_rwlock_t * lock), (lock), WRITES(pthread_rwlock_trywrlock, TRIES))
GIVES(pthread_rwlock_unlock, (pthread_rwlock_t * lock), (lock), shared_give(lock))
