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

#endif
