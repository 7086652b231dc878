/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_ARENA_FILE_H
#define LAB_CLI_ARENA_FILE_H

#include <stdbool.h>

#include <labyrinth/diagnose.h>

/*
 * The metadata of the reference allocator where others can look at it: in a file, and beside it, in FILE.maps, which
 * code lies where in the process that uses it, so that its stacks can be read after its end.
 */

/*
 * From now on the target `core` keeps who holds what since when and from where, and its metadata lies in a new file;
 * path NULL: in memory, for lab_arena_file_watch alone. LAB_INVALID: there is a file of that name, and it is no arena,
 * so it is left alone. LAB_SYSTEM: errno.
 */
LAB_MUST_USE enum lab_status lab_arena_file_use(const char *path);

/* The instance that was made last, for looking only; false: there is none, or it is being made. */
bool lab_arena_file_watch(struct lab_arena *ret_arena);

/* "the file is not an arena", ...; never NULL. */
const char *lab_arena_fault_text(enum lab_arena_fault fault);

/* Where the code of another process lies: "FILE.maps", or the process' own maps while it lives. */
#define LAB_ARENA_MAPS_SUFFIX ".maps"

#endif
