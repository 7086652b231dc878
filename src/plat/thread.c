/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/assert.h"

enum lab_status lab_thread_start(struct lab_thread *thread, void *(*run)(void *), void *arg)
{
	sigset_t blocked, before;
	int error;

	/* Inherited over pthread_create, so there is no instant at which the new thread could take one. The signals of
	 * a crash stay open: blocked, they would kill the process without a word. */
	sigfillset(&blocked);
	sigdelset(&blocked, SIGSEGV);
	sigdelset(&blocked, SIGBUS);
	sigdelset(&blocked, SIGFPE);
	sigdelset(&blocked, SIGILL);
	sigdelset(&blocked, SIGABRT);
	sigdelset(&blocked, SIGTRAP);
	sigdelset(&blocked, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	error = pthread_create(&thread->handle, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		errno = error;
		return LAB_SYSTEM;
	}
	return LAB_OK;
}

void lab_thread_join(struct lab_thread *thread)
{
	int error = pthread_join(thread->handle, NULL);

	lab_assert_cmp(error, ==, 0);
}

void lab_thread_abandon(struct lab_thread *thread)
{
	pthread_detach(thread->handle);
}

bool lab_thread_cpu_ns(const struct lab_thread *thread, uint64_t *ret_ns)
{
	struct timespec used;
	clockid_t clock;

	/* It may end between the two calls as well as before the first. */
	if (pthread_getcpuclockid(thread->handle, &clock) != 0 || clock_gettime(clock, &used) != 0)
		return false;
	*ret_ns = (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
	return true;
}

int lab_thread_self(void)
{
	return (int)gettid();
}

void lab_thread_yield(void)
{
	sched_yield();
}

void lab_thread_sleep_ns(uint64_t ns)
{
	struct timespec span = {(time_t)(ns / UINT64_C(1000000000)), (long)(ns % UINT64_C(1000000000))};

	nanosleep(&span, NULL);
}
