/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_MODULE_H
#define LAB_TARGET_MODULE_H

#include "target/heap.h"
#include "target/registry.h"

/*
 * A module whose accesses are hooked: a plug-in compiled with -fsanitize=thread and linked with --wrap for each name of
 * targets/hooks.txt. An engine that runs it may keep what its memory holds and put it back: its variables, and the heap
 * that its malloc takes from while lab_module_heap is set.
 */
#define LAB_MODULE_RANGES 16u

struct lab_range {
	char *start;
	size_t bytes;
};

struct lab_module {
	const struct lab_target *target;
	struct lab_range whole;                       /* from the first byte that is mapped to the last */
	struct lab_range writable[LAB_MODULE_RANGES]; /* its variables, without what coverage counts in */
	unsigned writable_count;
	bool fenced;   /* it has fences */
	size_t tls_id; /* of its thread-local storage; 0: it has none */
	const void *tls_start_values;
	size_t tls_start_bytes, tls_bytes, tls_alignment;
	struct lab_heap heap;
	struct lab_module_image {
		char *bytes;
		size_t room;
		struct lab_heap_state heap;
		bool taken;
	} warm; /* what its memory held once an engine had made it ready; see lab_module_save */
	struct lab_module *next;
};

/* The module that a table was loaded from, if it is hooked; NULL for any other target. It lives as long as the process.
 */
struct lab_module *lab_module_of(const struct lab_target *target);

/* Where malloc of a hooked module takes from; NULL: the C library's heap. Set by the engine for the time of a run. */
extern struct lab_heap *lab_module_heap;

/* An image, all zero at first, keeps what the module's memory holds at one time. */

/* Keeps the present contents; image's memory is used again if it is enough. LAB_NO_MEMORY. May sleep. */
LAB_MUST_USE enum lab_status lab_module_save(const struct lab_module *module, struct lab_module_image *image);
/* Puts them back. */
void lab_module_restore(struct lab_module *module, const struct lab_module_image *image);
void lab_module_image_free(struct lab_module_image *image);
/* A number of what differs from the image now: equal for equal contents. seed: as of lab_changes_hash. */
uint64_t lab_module_changes(const struct lab_module *module, const struct lab_module_image *image, uint64_t seed);

/* Looks over where a plug-in's variables lie, be it hooked or not; it has no heap then. As lab_module_register. */
LAB_MUST_USE enum lab_status lab_module_survey(const struct lab_target *target, const char *file,
					       struct lab_module **ret_module);

/*
 * Looks a loaded plug-in over: *ret_module is NULL where it is not hooked. `file` is where it was loaded from.
 * LAB_SYSTEM, LAB_NO_MEMORY. May sleep.
 */
LAB_MUST_USE enum lab_status lab_module_register(const struct lab_target *target, const char *file,
						 struct lab_module **ret_module);

#endif
