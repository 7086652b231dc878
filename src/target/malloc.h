/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_MALLOC_H
#define LAB_TARGET_MALLOC_H

#include "target/registry.h"

/*
 * The target over another malloc library: `library` as dlopen takes it ("libjemalloc.so.2"). Opening the same one again
 * answers the same table. LAB_INVALID: message tells. May sleep; one caller at a time.
 */
LAB_MUST_USE enum lab_status lab_target_malloc_open(const char *library, const struct lab_target **ret_target,
						    char *message, size_t room);

#endif
