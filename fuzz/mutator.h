/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_FUZZ_MUTATOR_H
#define LAB_FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Mutates in place a fuzz form of `count` bytes, in `room` bytes; answers the new count. Equal seeds, equal results. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed);

/* Writes a child of two fuzz forms; answers its size, 0 when it does not fit. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_count, const uint8_t *b, size_t b_count, uint8_t *out,
				 size_t room, unsigned seed);

#endif
