/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_KEYSTREAM_H
#define LAB_PLAT_KEYSTREAM_H

#include <stddef.h>

#include <labyrinth/status.h>

/* A cipher context of its own key: AES-128 in counter mode, by libcrypto. One user at a time. */
struct lab_keystream;

/* Makes one, keyed from the system's random numbers. LAB_SYSTEM: no cipher or no random numbers. May sleep. */
LAB_MUST_USE enum lab_status lab_keystream_create(struct lab_keystream **ret_stream);
void lab_keystream_destroy(struct lab_keystream *stream);

/*
 * Overwrites memory with the next bytes of the stream. Neither allocates nor sleeps nor makes a system call. After each
 * MiB the stream takes its next key from itself, so that what was written cannot be computed from a key found later.
 */
void lab_keystream_fill(struct lab_keystream *stream, void *memory, size_t bytes);

#endif
