/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_REGISTRY_H
#define LAB_TARGET_REGISTRY_H

#include <labyrinth/target.h>

/* Built-in targets, in the order `labyrinth targets` lists them; *ret_count is how many. */
const struct lab_target *const *lab_target_builtins(size_t *ret_count);

/*
 * Finds a target by name ("core", "jemalloc", "malloc:libtbbmalloc.so.2") or loads a plug-in (a name with a slash or
 * ending in .so). LAB_OK: *ret_target lives until the process ends. Otherwise one line in message: the name, the member
 * and what was expected. LAB_INVALID: no such target, or not one that this program can use. LAB_UNSUPPORTED: a peer
 * that was not built. May sleep.
 */
LAB_MUST_USE enum lab_status lab_target_open(const char *name, const struct lab_target **ret_target, char *message,
					     size_t room);

/*
 * "/where/the/program/is/FOLDER/NAME.so", or beside that folder, or where an install puts it, into `path`; false: there
 * is no such file.
 */
bool lab_target_find(const char *folder, const char *name, char *path, size_t room);
/* The same in the folder `targets`: the hooked module of a built-in target. */
bool lab_target_find_module(const char *name, char *path, size_t room);

/*
 * The same for the deterministic engine: for a built-in target its hooked module, which lies in the folder `targets`
 * next to the program. *ret_hooked tells whether it switches at each access; otherwise at calls and host services only.
 */
LAB_MUST_USE enum lab_status lab_target_open_hooked(const char *name, const struct lab_target **ret_target,
						    bool *ret_hooked, char *message, size_t room);

/* Checks a table: version, size, mandatory members. */
LAB_MUST_USE enum lab_status lab_target_validate(const struct lab_target *target, const char *name, char *message,
						 size_t room);

extern const struct lab_target lab_target_core;
extern const struct lab_target lab_target_shared;
extern const struct lab_target lab_target_locked;
extern const struct lab_target lab_target_malloc;

const char *lab_cap_name(unsigned bit); /* "ARENA", ... or NULL */

#endif
