/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_SHRED_H
#define LAB_CORE_SHRED_H

#include <stddef.h>

#include <labyrinth/arena.h>

/*
 * Overwrites blocks at release with a keystream. Cipher contexts are prepared at creation, since a release may run in
 * an NMI that interrupted another release: each use claims one that nobody uses. Made by lab_shredder_create.
 */

/* Overwrites memory; zeroes it if more callers than there are contexts shred at once. Lock-free. */
void lab_shredder_run(struct lab_shredder *shredder, void *memory, size_t bytes);

#endif
