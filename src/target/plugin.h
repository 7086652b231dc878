/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_PLUGIN_H
#define LAB_TARGET_PLUGIN_H

#include "target/registry.h"

/*
 * Loads a shared object and asks its lab_target_entry for the table. It stays loaded until the process ends.
 * LAB_INVALID: one line in message names the file, the member and what was expected. May sleep.
 */
LAB_MUST_USE enum lab_status lab_target_plugin_open(const char *file, const struct lab_target **ret_target,
						    char *message, size_t room);

/*
 * Loads a library for good, its symbols to itself; NULL: dlerror tells why. What some keep for each thread must fit
 * into room that the process was given when it started; where it does not fit, lab_target_restart is called first, if
 * it is set, and may start the program anew with more.
 */
void *lab_target_load(const char *file);
extern void (*lab_target_restart)(void);

#endif
