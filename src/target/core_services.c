/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core_services.h"

static void might_sleep(void *arg)
{
	((const struct lab_host *)arg)->might_sleep();
}

static void wait_on(void *arg, const uint32_t *key, uint32_t seen)
{
	((const struct lab_host *)arg)->wait(key, seen);
}

static void wake(void *arg, const uint32_t *key)
{
	((const struct lab_host *)arg)->wake(key);
}

static void reclaim_wake(void *arg, unsigned zone)
{
	((const struct lab_host *)arg)->reclaim_wake(zone);
}

static uint64_t shrink(void *arg, uint64_t frames)
{
	return ((const struct lab_host *)arg)->shrink(frames);
}

void lab_core_services_fill(struct lab_core_services *ret_services, const struct lab_host *host, bool reclaims)
{
	/* Never written through: the services hand it back to the functions above. */
	void *arg = (void *)(uintptr_t)host; /* NOLINT(performance-no-int-to-ptr) */

	ret_services->shrinker = (struct lab_arena_shrinker){.shrink = shrink, .arg = arg};
	ret_services->services = (struct lab_arena_services){
		.might_sleep = might_sleep,
		.wait = wait_on,
		.wake = wake,
		.reclaim_wake = reclaims ? reclaim_wake : NULL,
		.shrinkers = &ret_services->shrinker,
		.shrinker_count = 1,
		.arg = arg,
	};
}
