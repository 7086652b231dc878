/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "plat/atomic.h"

static _Thread_local unsigned this_cpu;

void lab_bench_set_cpu(unsigned cpu)
{
	this_cpu = cpu;
}

static unsigned long irq_save(void)
{
	return 0;
}

static void irq_restore(unsigned long flags)
{
}

static lab_atomic32 *word_of(struct lab_spinlock *lock)
{
	return (lab_atomic32 *)&lock->word;
}

static bool spin_trylock(struct lab_spinlock *lock)
{
	uint32_t open = 0;

	/* Takes what the last holder wrote: the partner is spin_unlock. */
	return lab_cas_acquire(word_of(lock), &open, 1);
}

static void spin_lock(struct lab_spinlock *lock)
{
	while (!spin_trylock(lock))
		/* Relaxed: only a hint that trying again may pay; the CAS takes. */
		while (lab_load_relaxed(word_of(lock)))
			lab_cpu_pause();
}

static void spin_unlock(struct lab_spinlock *lock)
{
	/* Publishes what the holder wrote to the next spin_trylock. */
	lab_store_release(word_of(lock), 0);
}

static void might_sleep(void)
{
}

static void wait_for(const uint32_t *key, uint32_t seen)
{
	sched_yield();
}

static void wake(const uint32_t *key)
{
}

static void reclaim_wake(unsigned zone)
{
}

static uint64_t shrink(uint64_t frames)
{
	return 0;
}

static enum lab_context_kind context(void)
{
	return LAB_CONTEXT_TASK;
}

static unsigned cpu(void)
{
	return this_cpu;
}

static void random_fill(void *buffer, size_t bytes)
{
	unsigned char *at = buffer;

	while (bytes > 0) {
		ssize_t got = getrandom(at, bytes, 0);

		if (got > 0) {
			at += got;
			bytes -= (size_t)got;
		}
	}
}

static void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

const struct lab_host lab_bench_host = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_host),
	.irq_save = irq_save,
	.irq_restore = irq_restore,
	.spin_lock = spin_lock,
	.spin_trylock = spin_trylock,
	.spin_unlock = spin_unlock,
	.cpu_relax = lab_cpu_pause,
	.might_sleep = might_sleep,
	.wait = wait_for,
	.wake = wake,
	.reclaim_wake = reclaim_wake,
	.shrink = shrink,
	.context = context,
	.cpu = cpu,
	.random_fill = random_fill,
	.log = log_line,
};
