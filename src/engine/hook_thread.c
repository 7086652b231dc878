/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/hook_sync.h"

#include <errno.h>
#include <sched.h>
#include <threads.h>
#include <unistd.h>

/*
 * What a hooked module asks of the thread that it runs on. In a run all contexts are one thread of the system, and each
 * task is a thread to the module: it has thread-local storage and a name of its own, and runs on a CPU of the machine.
 * A handler uses those of whom it interrupts, or of the idle CPU.
 */

/* The argument of the general dynamic model on the machines that this engine knows. */
struct index {
	unsigned long module, offset;
};

extern void *__tls_get_addr(struct index *index);

LAB_HOOK void *__wrap___tls_get_addr(struct index *index);
void *__wrap___tls_get_addr(struct index *index)
{
	char *own = lab_sim_thread_local(index->module);

	return own ? own + index->offset : __tls_get_addr(index);
}

static int make_key(pthread_key_t *ret_key)
{
	return lab_sim_local_key(ret_key) ? 0 : EAGAIN;
}

static int set(pthread_key_t key, const void *value)
{
	void **local = lab_sim_local(key, true);

	if (!local)
		return ENOMEM;
	*local = (void *)(uintptr_t)value;
	return 0;
}

static void *get(pthread_key_t key)
{
	void **local = lab_sim_local(key, false);

	return local ? *local : NULL;
}

/* Contexts do not end as threads do: what a key's destructor would do is not done. */
SERVES(pthread_key_create, (pthread_key_t * ret_key, void (*destroy)(void *)), (ret_key, destroy), make_key(ret_key))
SERVES(pthread_key_delete, (pthread_key_t key), (key), 0)

LAB_HOOK int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
	return lab_sim_runs() ? set(key, value) : pthread_setspecific(key, value);
}

LAB_HOOK void *__wrap_pthread_getspecific(pthread_key_t key);
void *__wrap_pthread_getspecific(pthread_key_t key)
{
	return lab_sim_runs() ? get(key) : pthread_getspecific(key);
}

LAB_HOOK int __wrap_tss_create(tss_t *ret_key, tss_dtor_t destroy);
int __wrap_tss_create(tss_t *ret_key, tss_dtor_t destroy)
{
	if (!lab_sim_runs())
		return tss_create(ret_key, destroy);
	return make_key(ret_key) ? thrd_error : thrd_success;
}

LAB_HOOK void __wrap_tss_delete(tss_t key);
void __wrap_tss_delete(tss_t key)
{
	if (!lab_sim_runs())
		tss_delete(key);
}

LAB_HOOK int __wrap_tss_set(tss_t key, void *value);
int __wrap_tss_set(tss_t key, void *value)
{
	if (!lab_sim_runs())
		return tss_set(key, value);
	return set(key, value) ? thrd_error : thrd_success;
}

LAB_HOOK void *__wrap_tss_get(tss_t key);
void *__wrap_tss_get(tss_t key)
{
	return lab_sim_runs() ? get(key) : tss_get(key);
}

/* A C++ object of a thread's own: contexts do not end, so nothing is noted for their end. */
extern int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *file);

LAB_HOOK int __wrap___cxa_thread_atexit(void (*destroy)(void *), void *object, void *file);
int __wrap___cxa_thread_atexit(void (*destroy)(void *), void *object, void *file)
{
	return lab_sim_runs() ? 0 : __cxa_thread_atexit_impl(destroy, object, file);
}

/* A number that no thread of the system has, for who compares. */
LAB_HOOK pthread_t __wrap_pthread_self(void);
pthread_t __wrap_pthread_self(void)
{
	return lab_sim_runs() ? (pthread_t)lab_sim_sync_thread() : pthread_self();
}

LAB_HOOK thrd_t __wrap_thrd_current(void);
thrd_t __wrap_thrd_current(void)
{
	return lab_sim_runs() ? (thrd_t)lab_sim_sync_thread() : thrd_current();
}

LAB_HOOK pid_t __wrap_gettid(void);
pid_t __wrap_gettid(void)
{
	return lab_sim_runs() ? (pid_t)lab_sim_sync_thread() : gettid();
}

LAB_HOOK int __wrap_sched_getcpu(void);
int __wrap_sched_getcpu(void)
{
	return lab_sim_runs() ? (int)lab_sim_cpu() : sched_getcpu();
}

/* A thread of its own would run whenever it likes: no run could be repeated. */
LAB_HOOK int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*start)(void *),
				   void *argument);
int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*start)(void *),
			  void *argument)
{
	return lab_sim_runs() ? EAGAIN : pthread_create(ret_thread, attributes, start, argument);
}
