/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_SINGLETON_H
#define LAB_TARGET_SINGLETON_H

#include "target/registry.h"

/* How many plug-ins of a process may be without destroy. */
#define LAB_SINGLETON_COUNT 8u

/*
 * Stands in for the destroy of a plug-in that has none, as one whose allocator is a global: its variables are put back
 * to what they hold now, before its first create, and those of the calling thread as well. What it had from malloc is
 * not given back. LAB_UNSUPPORTED: too many such plug-ins. LAB_SYSTEM: errno; LAB_INVALID, LAB_NO_MEMORY. May sleep.
 */
LAB_MUST_USE enum lab_status lab_singleton_destroy(const struct lab_target *target, const char *file,
						   void (**ret_destroy)(void *self));

#endif
