/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/present.h>

#include <pthread.h>
#include <stdlib.h>
#include <urcu/urcu-memb.h>

#include "base/assert.h"
#include "plat/sanitizer.h"
#include "plat/vm.h"

/*
 * Two lists, of which readers have one: a change is written into the other one, which then is published, and after a
 * grace period nobody has the first. So nothing is allocated after creation, and a list is written only while no
 * reader can see it.
 */
struct lab_present {
	struct lab_present_config config;
	pthread_mutex_t mutex;         /* one change at a time; guards what follows but `list` */
	struct lab_present_list *list; /* the readers'; under liburcu */
	struct lab_present_list *spare;
	bool *away; /* by span */
};

/* liburcu's order is invisible to ThreadSanitizer: told as what it is, from a section's end to the grace period's. */
#if LAB_SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>
#define tell_release(address) __tsan_release((void *)(uintptr_t)(address))
#define tell_acquire(address) __tsan_acquire((void *)(uintptr_t)(address))
#else
#define tell_release(address) ((void)(address))
#define tell_acquire(address) ((void)(address))
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Thread_local bool registered;

static void unregister(void *arg)
{
	(void)arg;
	registered = false;
	urcu_memb_unregister_thread();
}

static void make_key(void)
{
	int error = pthread_key_create(&key, unregister);

	/* Without a key a thread that ends stays registered, and its memory is looked at when it is gone. */
	lab_assert_cmp(error, ==, 0);
}

static void register_thread(void)
{
	int error;

	pthread_once(&once, make_key);
	urcu_memb_register_thread();
	registered = true;
	/* Any value but NULL has the destructor called. */
	error = pthread_setspecific(key, &key);
	lab_assert_cmp(error, ==, 0);
}

const struct lab_present_list *lab_present_enter(const struct lab_present *present)
{
	const struct lab_present_list *list;

	if (!registered)
		register_thread();
	urcu_memb_read_lock();
	/* Takes the list's content from rcu_assign_pointer in `publish`. */
	list = rcu_dereference(present->list);
	tell_acquire(list);
	return list;
}

void lab_present_leave(const struct lab_present *present)
{
	tell_release(present);
	urcu_memb_read_unlock();
}

static struct lab_present_span span_of(const struct lab_present_config *config, unsigned span)
{
	const struct lab_span *it = &config->spans[span];

	return (struct lab_present_span){.span = span,
					 .start = (const char *)config->base + (it->first_frame << config->page_shift),
					 .bytes = (size_t)it->frame_count << config->page_shift};
}

/* Writes what is there into the spare list, gives it to the readers, and waits until nobody has the other. */
static void publish(struct lab_present *present)
{
	struct lab_present_list *list = present->spare;

	list->count = 0;
	for (unsigned span = 0; span < present->config.span_count; span++)
		if (!present->away[span])
			list->spans[list->count++] = span_of(&present->config, span);
	present->spare = present->list;
	tell_release(list);
	/* Releases the list's content to rcu_dereference in lab_present_enter. */
	rcu_assign_pointer(present->list, list);
	urcu_memb_synchronize_rcu();
	tell_acquire(present);
}

static enum lab_status move_backing(const struct lab_present_config *config, unsigned span, bool comes)
{
	struct lab_present_span it = span_of(config, span);
	void *start = (char *)config->base + (it.start - (const char *)config->base);
	enum lab_status (*move)(void *, void *, size_t) = comes ? config->plug : config->unplug;

	if (move)
		return move(config->arg, start, it.bytes);
	return comes ? lab_vm_show(start, it.bytes) : lab_vm_hide(start, it.bytes);
}

enum lab_status lab_present_hide(struct lab_present *present, unsigned span)
{
	enum lab_status status = LAB_UNCHANGED;

	if (span >= present->config.span_count)
		return LAB_INVALID;
	pthread_mutex_lock(&present->mutex);
	if (!present->away[span]) {
		present->away[span] = true;
		publish(present);
		status = move_backing(&present->config, span, false);
		if (status) {
			present->away[span] = false;
			publish(present);
		}
	}
	pthread_mutex_unlock(&present->mutex);
	return status;
}

enum lab_status lab_present_show(struct lab_present *present, unsigned span)
{
	enum lab_status status = LAB_UNCHANGED;

	if (span >= present->config.span_count)
		return LAB_INVALID;
	pthread_mutex_lock(&present->mutex);
	if (present->away[span]) {
		status = move_backing(&present->config, span, true);
		if (!status) {
			present->away[span] = false;
			publish(present);
		}
	}
	pthread_mutex_unlock(&present->mutex);
	return status;
}

enum lab_status lab_present_remove(struct lab_present *present, struct lab_arena *arena, unsigned span,
				   unsigned patience)
{
	enum lab_status status = lab_arena_memory_remove(arena, span, patience), added;

	if (status)
		return status;
	status = lab_present_hide(present, span);
	if (status != LAB_SYSTEM)
		return status;
	/* The backing could not be taken, so the frames go back. */
	added = lab_arena_memory_add(arena, span);
	return added ? added : status;
}

enum lab_status lab_present_add(struct lab_present *present, struct lab_arena *arena, unsigned span)
{
	enum lab_status status = lab_present_show(present, span);

	return status && status != LAB_UNCHANGED ? status : lab_arena_memory_add(arena, span);
}

void lab_present_destroy(struct lab_present *present)
{
	if (!present)
		return;
	pthread_mutex_destroy(&present->mutex);
	free(present->list);
	free(present->spare);
	free(present->away);
	free(present);
}

static enum lab_status first_list(struct lab_present *present)
{
	const bool *absent = present->config.absent;
	enum lab_status status = LAB_OK;

	for (unsigned span = 0; absent && span < present->config.span_count && !status; span++)
		if (absent[span]) {
			present->away[span] = true;
			status = move_backing(&present->config, span, false);
		}
	publish(present);
	return status;
}

enum lab_status lab_present_create(const struct lab_present_config *config, struct lab_present **ret_present)
{
	struct lab_present *present = calloc(1, sizeof(*present));
	size_t bytes = sizeof(struct lab_present_list) + config->span_count * sizeof(struct lab_present_span);
	enum lab_status status = LAB_NO_MEMORY;

	if (!present)
		return LAB_NO_MEMORY;
	present->config = *config;
	pthread_mutex_init(&present->mutex, NULL);
	present->list = calloc(1, bytes);
	present->spare = calloc(1, bytes);
	present->away = calloc(config->span_count, sizeof(*present->away));
	if (present->list && present->spare && present->away)
		status = first_list(present);
	if (status) {
		lab_present_destroy(present);
		return status;
	}
	*ret_present = present;
	return LAB_OK;
}
