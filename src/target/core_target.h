/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_CORE_TARGET_H
#define LAB_TARGET_CORE_TARGET_H

#include <labyrinth/diagnose.h>

/* What the reference allocator's target is made with beyond what a machine says. */
struct lab_core_options {
	unsigned flags;                  /* LAB_ARENA_*, added to the target's own */
	const struct lab_tracer *tracer; /* outlives the instances; NULL: the default */
	/* Gives zeroed memory for the metadata, aligned to 64, which outlives the instance. NULL: it is malloc'ed. */
	enum lab_status (*place)(void *arg, size_t bytes, void **ret_metadata);
	void *arg;
};

/* For all instances that are created from now on, in this process; NULL: as at first. Not while one is created. */
void lab_target_core_configure(const struct lab_core_options *options);

/* The arena of an instance, as its create answered it. */
const struct lab_arena *lab_target_core_arena(void *self);

#endif
