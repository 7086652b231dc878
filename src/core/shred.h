/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_SHRED_H
#define LAB_CORE_SHRED_H

#include <stddef.h>

#include <labyrinth/arena.h>

/*
 * Overwrites blocks at release with a keystream. The rest of the core knows no more of it than this: who does not shred
 * needs neither the cipher nor the library that it comes from.
 */
struct lab_shredder {
	/* Overwrites memory; zeroes it if more callers than there are contexts shred at once. Lock-free. */
	void (*run)(struct lab_shredder *shredder, void *memory, size_t bytes);
};

#endif
