/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_RUN_H
#define LAB_CORE_RUN_H

#include <stdint.h>

#include "base/bits.h"

/*
 * Aligned runs of set bits in a word: how a block is found, both among the frames of a word and among the words of a
 * chunk. Pure functions.
 */

/* 2^order bits from bit `first` on; order up to 6. */
static inline uint64_t lab_run_mask(unsigned first, unsigned order)
{
	return lab_bits_low(1u << order) << first;
}

/* Bits at which an aligned run of 2^order set bits begins; order up to 5. */
static inline uint64_t lab_run_starts(uint64_t word, unsigned order)
{
	static const uint64_t aligned[] = {
		~UINT64_C(0),
		UINT64_C(0x5555555555555555),
		UINT64_C(0x1111111111111111),
		UINT64_C(0x0101010101010101),
		UINT64_C(0x0001000100010001),
		UINT64_C(0x0000000100000001),
	};

	for (unsigned step = 0; step < order; step++)
		word &= word >> (1u << step);
	return word & aligned[order];
}

#endif
