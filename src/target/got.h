/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_GOT_H
#define LAB_TARGET_GOT_H

#include <stddef.h>

#include <labyrinth/status.h>

/* A function that a loaded object asks for by name, and what it gets instead. */
struct lab_got_function {
	const char *name;
	void (*instead)(void);
};

/*
 * Puts functions of ours in place of those that one shared object calls or has the address of: the object that holds
 * the address `inside`. The calls of the objects that it needs itself are left alone, and so is the program. Of no
 * effect the second time. LAB_SYSTEM: errno. May sleep.
 */
LAB_MUST_USE enum lab_status lab_got_replace(const void *inside, const struct lab_got_function *functions,
					     size_t count);

#endif
