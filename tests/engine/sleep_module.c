/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <labyrinth/target.h>

#include "sleep_calls.h"

/*
 * A plug-in that does one thing more in each alloc: the call of sleep_calls.h that sleep_choice says, none of which has
 * to wait. What it does in any case is no sleep: a trylock, and the first touch of a large thread-local array.
 */
__attribute__((visibility("default"))) unsigned sleep_choice;

#define FRAMES 64u

static struct pool {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	unsigned count;
	char *memory;
	void *blocks[FRAMES]; /* that are free */
} pool;

static _Thread_local char local[1 << 21];

static void do_other_choice(void)
{
	static const struct timespec nothing;
	pthread_barrier_t barrier;
	mtx_t mutex;
	sem_t semaphore;

	switch (sleep_choice) {
	case SLEEP_BARRIER:
		pthread_barrier_init(&barrier, NULL, 1);
		pthread_barrier_wait(&barrier);
		break;
	case SLEEP_JOIN:
		pthread_join(pthread_self(), NULL); /* is refused */
		break;
	case SLEEP_SEMAPHORE:
		sem_init(&semaphore, 0, 1);
		sem_wait(&semaphore);
		break;
	case SLEEP_C11:
		mtx_init(&mutex, mtx_plain);
		mtx_lock(&mutex);
		mtx_unlock(&mutex);
		break;
	case SLEEP_NANO:
		nanosleep(&nothing, NULL);
		break;
	case SLEEP_CLOCK:
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nothing, NULL);
		break;
	case SLEEP_MICRO:
		usleep(0);
		break;
	case SLEEP_SECONDS:
		sleep(0);
		break;
	default:
		break;
	}
}

static void do_choice(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
	static const struct timespec nothing;

	switch (sleep_choice) {
	case SLEEP_MUTEX:
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
		break;
	case SLEEP_MUTEX_TIMED:
		if (pthread_mutex_timedlock(&mutex, &nothing) == 0)
			pthread_mutex_unlock(&mutex);
		break;
	case SLEEP_READ:
		pthread_rwlock_rdlock(&rwlock);
		pthread_rwlock_unlock(&rwlock);
		break;
	case SLEEP_WRITE:
		pthread_rwlock_wrlock(&rwlock);
		pthread_rwlock_unlock(&rwlock);
		break;
	case SLEEP_NOT:
		if (pthread_mutex_trylock(&mutex) == 0)
			pthread_mutex_unlock(&mutex);
		break;
	default:
		do_other_choice();
		break;
	}
}

static enum lab_status pool_create(const struct lab_machine *machine, void **ret_self)
{
	size_t bytes = (size_t)1 << machine->page_shift;

	pool = (struct pool){.machine = machine, .memory = aligned_alloc(bytes, FRAMES * bytes)};
	if (!pool.memory)
		return LAB_SYSTEM;
	for (; pool.count < FRAMES; pool.count++)
		pool.blocks[pool.count] = pool.memory + pool.count * bytes;
	*ret_self = &pool;
	return LAB_OK;
}

static void pool_destroy(void *self)
{
	free(pool.memory);
}

static enum lab_status pool_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	unsigned long flags;
	void *block = NULL;

	do_choice();
	((volatile char *)local)[sizeof(local) - 1]++;
	flags = pool.machine->host->irq_save();
	pool.machine->host->spin_lock(&pool.lock);
	if (pool.count && !request->order)
		block = pool.blocks[--pool.count];
	pool.machine->host->spin_unlock(&pool.lock);
	pool.machine->host->irq_restore(flags);
	if (!block)
		return LAB_NO_MEMORY;
	*ret_block = block;
	return LAB_OK;
}

static enum lab_status pool_free(void *self, void *block, const struct lab_request *request)
{
	unsigned long flags = pool.machine->host->irq_save();

	pool.machine->host->spin_lock(&pool.lock);
	pool.blocks[pool.count++] = block;
	pool.machine->host->spin_unlock(&pool.lock);
	pool.machine->host->irq_restore(flags);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "sleeper",
		.summary = "does what it is told to",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
		.create = pool_create,
		.destroy = pool_destroy,
		.alloc = pool_alloc,
		.free = pool_free,
	};

	return &target;
}
