/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/hook_sync.h"

#include <sched.h>
#include <threads.h>

#include "plat/atomic.h"

/* What is made once: whoever comes while another one is at it waits, and a done one is a mere look. */

#define DONE  2u /* as the C library has it */
#define UNDER 1u /* way: with who, times 4 */

static uint32_t word(const void *object)
{
	return *(const uint32_t *)object;
}

static bool is_not_under_way(const struct lab_sim_sync *sync)
{
	return (word(sync->object) & 3) != UNDER;
}

static uint32_t holder(const void *object)
{
	return word(object) / 4;
}

static void once(void *object, const char *service, void (*make)(void), void *code)
{
	struct lab_sim_sync sync = {
		.service = service, .object = object, .is_free = is_not_under_way, .holder = holder};
	uint32_t *state = object;

	if (*state != DONE)
		(void)lab_sim_blocks(service, code);
	(void)lab_sim_sync_wait(&sync);
	if (*state != DONE) {
		*state = UNDER | lab_sim_sync_self() * 4;
		make();
		lab_race_release(TAG(object)); /* gives what was made to all who come later */
		*state = DONE;
		lab_sim_serves(service, code);
	}
	lab_race_acquire(TAG(object)); /* takes what was made */
}

LAB_HOOK int __wrap_pthread_once(pthread_once_t *control, void (*make)(void));
int __wrap_pthread_once(pthread_once_t *control, void (*make)(void))
{
	if (!lab_sim_serves("pthread_once", CODE))
		return pthread_once(control, make);
	once(control, "pthread_once", make, CODE);
	return 0;
}

LAB_HOOK void __wrap_call_once(once_flag *flag, void (*make)(void));
void __wrap_call_once(once_flag *flag, void (*make)(void))
{
	if (lab_sim_serves("call_once", CODE))
		once(flag, "call_once", make, CODE);
	else
		call_once(flag, make);
}

/*
 * C++'s, for variables inside functions: a byte says that it is made, which who uses it looks at before it calls; the
 * rest is ours, since this program has no C++ library to ask.
 */
struct guard {
	uint8_t made;
	uint8_t unused[3];
	uint32_t state;
};

LAB_HOOK int __wrap___cxa_guard_acquire(struct guard *guard);
int __wrap___cxa_guard_acquire(struct guard *guard)
{
	struct lab_sim_sync sync = {.service = "__cxa_guard_acquire",
				    .object = &guard->state,
				    .is_free = is_not_under_way,
				    .holder = holder};
	bool runs = lab_sim_serves("__cxa_guard_acquire", CODE);
	uint32_t seen;

	for (;;) {
		if (runs)
			(void)lab_sim_sync_wait(&sync);
		seen = 0;
		/* acquire: what was made, from the release below */
		if (lab_cas_acquire((lab_atomic32 *)&guard->state, &seen, UNDER | (runs ? lab_sim_sync_self() * 4 : 0)))
			return 1;
		if (seen == DONE)
			break;
		sched_yield();
	}
	lab_race_acquire(guard); /* takes what was made */
	return 0;
}

static void guard_end(struct guard *guard, uint32_t state, void *code)
{
	lab_race_release(guard); /* gives what was made, also to who loads the byte by an instrumented acquire */
	/* release, both: what was made; to the acquire above, and to who looks at the byte alone */
	lab_store_release((lab_atomic8 *)&guard->made, state == DONE);
	lab_store_release((lab_atomic32 *)&guard->state, state);
	lab_sim_serves("__cxa_guard_release", code);
}

LAB_HOOK void __wrap___cxa_guard_release(struct guard *guard);
void __wrap___cxa_guard_release(struct guard *guard)
{
	guard_end(guard, DONE, CODE);
}

LAB_HOOK void __wrap___cxa_guard_abort(struct guard *guard);
void __wrap___cxa_guard_abort(struct guard *guard)
{
	guard_end(guard, 0, CODE);
}
