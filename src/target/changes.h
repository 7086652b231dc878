/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_CHANGES_H
#define LAB_TARGET_CHANGES_H

#include <stddef.h>
#include <stdint.h>

/*
 * A number of what memory holds: equal contents over equal `was` give equal numbers. Costs little where it holds what
 * it did: only pieces that differ are hashed. was: NULL: zeroes. seed: of the memory before it, or 0.
 */
uint64_t lab_changes_hash(const void *now, const void *was, size_t bytes, uint64_t seed);

#endif
