/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

#include "target/registry.h"

/*
 * An arena's users as they may be, and as the target ABI does not have them. Callers name a CPU which they are not on,
 * as a thread may that was moved since it asked where it is: all name CPU 0, so that one CPU's cache is used by several
 * at once. And whoever is to overwrite what was deferred never comes: then it is up to those who need it. A hooked
 * module, the reference allocator's but for that.
 */

static struct lab_request adrift(const struct lab_request *request)
{
	struct lab_request there = *request;

	there.cpu = 0;
	return there;
}

static enum lab_status adrift_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lab_request there = adrift(request);

	return lab_target_core.alloc(self, &there, ret_block);
}

static enum lab_status adrift_free(void *self, void *block, const struct lab_request *request)
{
	struct lab_request there = adrift(request);

	return lab_target_core.free(self, block, &there);
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static struct lab_target target;

	target = lab_target_core;
	target.name = "adrift";
	target.caps &= ~LAB_CAP_RECLAIM;
	target.reclaim = NULL;
	target.alloc = adrift_alloc;
	target.free = adrift_free;
	return &target;
}
