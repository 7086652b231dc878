/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_RACE_H
#define LAB_PLAT_RACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Who looks for data races among contexts that share one OS thread cannot see what the harness does for them: its files
 * are not instrumented. It is told here of the plain accesses that a context's owner makes, and of the order that a
 * service gives: acquire comes after every release of the same tag before it. Nothing else of the harness is an edge.
 */
struct lab_race {
	void (*access)(const void *address, size_t bytes, bool write);
	void (*release)(const void *tag);
	void (*acquire)(const void *tag);
};

extern const struct lab_race *lab_race; /* NULL: nobody listens */

static inline void lab_race_read(const void *address, size_t bytes)
{
	if (lab_race)
		lab_race->access(address, bytes, false);
}

static inline void lab_race_write(const void *address, size_t bytes)
{
	if (lab_race)
		lab_race->access(address, bytes, true);
}

static inline void lab_race_release(const void *tag)
{
	if (lab_race)
		lab_race->release(tag);
}

static inline void lab_race_acquire(const void *tag)
{
	if (lab_race)
		lab_race->acquire(tag);
}

#endif
