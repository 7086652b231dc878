/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include <labyrinth/target.h>

#include "sync_steps.h"

/* A target that hands out nothing: its allocs use what sync_steps.h has with the C library's calls. */

static pthread_spinlock_t spin;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t mutex_a = PTHREAD_MUTEX_INITIALIZER, mutex_b = PTHREAD_MUTEX_INITIALIZER, recursive, checked;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT, once_more = PTHREAD_ONCE_INIT;
static sem_t semaphore;
static pthread_key_t key;

static uint64_t counted, twin, between, broken;
static volatile int flag;

static void expect(bool holds)
{
	if (!holds)
		broken++;
}

/* A second one that counts at the same time is lost. */
static void count(void)
{
	uint64_t before = counted;

	between++; /* events between the two */
	counted = before + 1;
}

static void count_once(void)
{
	count();
}

static void once_in_once(void)
{
	pthread_once(&once_more, once_in_once);
}

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
	pthread_mutex_lock(first);
	pthread_mutex_lock(second);
	count();
	pthread_mutex_unlock(second);
	pthread_mutex_unlock(first);
}

static void await(void)
{
	pthread_mutex_lock(&mutex_a);
	while (!flag)
		pthread_cond_wait(&condition, &mutex_a);
	flag--;
	count();
	pthread_mutex_unlock(&mutex_a);
}

static void await_late(void)
{
	if (flag)
		return;
	pthread_mutex_lock(&mutex_a);
	pthread_cond_wait(&condition, &mutex_a);
	pthread_mutex_unlock(&mutex_a);
}

static void await_until(void)
{
	struct timespec now = {0};

	pthread_mutex_lock(&mutex_b);
	expect(pthread_cond_timedwait(&condition, &mutex_b, &now) == ETIMEDOUT);
	count();
	pthread_mutex_unlock(&mutex_b);
}

static void signal_some(int some)
{
	pthread_mutex_lock(&mutex_a);
	flag += some;
	pthread_mutex_unlock(&mutex_a);
	if (some == 1)
		pthread_cond_signal(&condition);
	else
		pthread_cond_broadcast(&condition);
}

static void take_twice(pthread_mutex_t *mutex, int second)
{
	pthread_mutex_lock(mutex);
	expect(pthread_mutex_lock(mutex) == second);
	count();
	if (!second)
		pthread_mutex_unlock(mutex);
	pthread_mutex_unlock(mutex);
	expect(pthread_mutex_unlock(mutex) == EPERM);
}

static void look(void)
{
	pthread_rwlock_rdlock(&shared);
	expect(counted == twin);
	pthread_rwlock_unlock(&shared);
}

static void write_both(void)
{
	pthread_rwlock_wrlock(&shared);
	count();
	twin = counted;
	pthread_rwlock_unlock(&shared);
}

static void keep_by_key(void)
{
	uintptr_t self = (uintptr_t)pthread_self();

	pthread_setspecific(key, (void *)self);
	sched_yield();
	expect((uintptr_t)pthread_getspecific(key) == self && pthread_self() == (pthread_t)self);
}

static void do_step(enum sync_step step)
{
	switch (step) {
	case SYNC_SPIN:
	case SYNC_SPIN_KEPT:
		pthread_spin_lock(&spin);
		count();
		if (step == SYNC_SPIN)
			pthread_spin_unlock(&spin);
		break;
	case SYNC_READ:
		look();
		break;
	case SYNC_WRITE:
		write_both();
		break;
	case SYNC_READ_WRITE:
		pthread_rwlock_rdlock(&shared);
		write_both();
		break;
	case SYNC_A_B:
		take_both(&mutex_a, &mutex_b);
		break;
	case SYNC_B_A:
		take_both(&mutex_b, &mutex_a);
		break;
	case SYNC_AWAIT:
		await();
		break;
	case SYNC_SIGNAL:
	case SYNC_TWO_SIGNALS:
		signal_some(step == SYNC_SIGNAL ? 1 : 2);
		break;
	case SYNC_AWAIT_LATE:
		await_late();
		break;
	case SYNC_A_A:
		take_both(&mutex_a, &mutex_a);
		break;
	case SYNC_SEMAPHORE:
	case SYNC_DOWN:
		sem_wait(&semaphore);
		count();
		if (step == SYNC_SEMAPHORE)
			sem_post(&semaphore);
		break;
	case SYNC_ONCE:
		pthread_once(&once, count_once);
		expect(counted == 1);
		break;
	case SYNC_TIMED:
		await_until();
		break;
	case SYNC_RECURSIVE:
		take_twice(&recursive, 0);
		break;
	case SYNC_CHECKED:
		take_twice(&checked, EDEADLK);
		break;
	case SYNC_TRY:
		if (pthread_mutex_trylock(&mutex_a) == 0) {
			count();
			pthread_mutex_unlock(&mutex_a);
		}
		break;
	case SYNC_KEYED:
		keep_by_key();
		break;
	case SYNC_ONCE_IN_ONCE:
		pthread_once(&once_more, once_in_once);
		break;
	}
}

static enum lab_status sync_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	do_step((enum sync_step)(request->order + (request->gfp & LAB_GFP_ZERO ? 11 : 0)));
	return LAB_NO_MEMORY;
}

static enum lab_status sync_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

static void make_mutex(pthread_mutex_t *mutex, int kind)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, kind);
	pthread_mutex_init(mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static enum lab_status sync_create(const struct lab_machine *machine, void **ret_self)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	sem_init(&semaphore, 0, 1);
	make_mutex(&recursive, PTHREAD_MUTEX_RECURSIVE);
	make_mutex(&checked, PTHREAD_MUTEX_ERRORCHECK);
	*ret_self = &counted;
	return pthread_key_create(&key, NULL) ? LAB_SYSTEM : LAB_OK;
}

static void sync_destroy(void *self)
{
}

/* For the test: what it counted to, and how often it saw what cannot be. */
__attribute__((visibility("default"))) void sync_counts(uint64_t *ret_counted, uint64_t *ret_broken);
void sync_counts(uint64_t *ret_counted, uint64_t *ret_broken)
{
	*ret_counted = counted;
	*ret_broken = broken;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "sync",
		.summary = "waits in the C library",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
		.create = sync_create,
		.destroy = sync_destroy,
		.alloc = sync_alloc,
		.free = sync_free,
		.page_shift_min = 6,
	};

	return &target;
}
