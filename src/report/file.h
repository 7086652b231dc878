/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_REPORT_FILE_H
#define LAB_REPORT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

/* Reads a whole file, at most max_bytes. LAB_SYSTEM: errno; LAB_INVALID: larger. *ret_bytes is the caller's to free. */
LAB_MUST_USE enum lab_status lab_file_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_count);

/* Writes a file whole or not at all: a temporary beside it, fsync, rename. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_file_write(const char *path, const void *bytes, size_t count);

#endif
