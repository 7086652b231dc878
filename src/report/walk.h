/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_REPORT_WALK_H
#define LAB_REPORT_WALK_H

#include <stdbool.h>

#include <labyrinth/status.h>

/*
 * Calls visit for a file, or for each file of a folder and of the folders in it, by name in the order of strcmp; names
 * that begin with a dot are passed over. A name with nothing behind it is visited, for the visitor to tell. LAB_SYSTEM:
 * errno, and ret_path (of LAB_WALK_PATH bytes) is the folder that could not be read; the walk ends there. May sleep.
 */
#define LAB_WALK_PATH 4096u
LAB_MUST_USE enum lab_status lab_walk(const char *path, void (*visit)(void *arg, const char *path), void *arg,
				      char *ret_path);
/* False also where nothing is known of it. */
bool lab_walk_is_folder(const char *path);

#endif
