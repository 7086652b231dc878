/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/arena.h>

#include "plat/futex.h"

/* Services for a program whose threads are all that uses the arena, and for programs that share one. */

/* A request that nobody frees for gives up after 16 such sleeps. */
#define SLEEP_NS UINT64_C(100000000)

static void wait_own(void *arg, const uint32_t *key, uint32_t seen)
{
	(void)arg;
	lab_futex_wait(key, seen, SLEEP_NS, LAB_FUTEX_OWN);
}

static void wake_own(void *arg, const uint32_t *key)
{
	(void)arg;
	lab_futex_wake(key, LAB_FUTEX_OWN);
}

static void wait_shared(void *arg, const uint32_t *key, uint32_t seen)
{
	(void)arg;
	lab_futex_wait(key, seen, SLEEP_NS, LAB_FUTEX_SHARED);
}

static void wake_shared(void *arg, const uint32_t *key)
{
	(void)arg;
	lab_futex_wake(key, LAB_FUTEX_SHARED);
}

void lab_arena_services_futex(struct lab_arena_services *ret_services)
{
	*ret_services = (struct lab_arena_services){.wait = wait_own, .wake = wake_own};
}

void lab_arena_services_futex_shared(struct lab_arena_services *ret_services)
{
	*ret_services = (struct lab_arena_services){.wait = wait_shared, .wake = wake_shared};
}
