/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_BASE_BITS_H
#define LAB_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define LAB_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LAB_MIN(a, b)          ((a) < (b) ? (a) : (b))
#define LAB_MAX(a, b)          ((a) > (b) ? (a) : (b))

/* The lowest `count` bits set; count from 0 to 64. */
static inline uint64_t lab_bits_low(unsigned count)
{
	return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

static inline unsigned lab_bits_count(uint64_t x)
{
	return (unsigned)__builtin_popcountll(x);
}

/* The index of the lowest bit set; x must not be 0. */
static inline unsigned lab_bits_first(uint64_t x)
{
	return (unsigned)__builtin_ctzll(x);
}

static inline bool lab_bits_is_pow2(uint64_t x)
{
	return x && !(x & (x - 1));
}

static inline uint64_t lab_align_up(uint64_t x, uint64_t pow2)
{
	return (x + pow2 - 1) & ~(pow2 - 1);
}

static inline uint64_t lab_align_down(uint64_t x, uint64_t pow2)
{
	return x & ~(pow2 - 1);
}

/* The least order whose block has `count` frames; count at least 1. */
static inline unsigned lab_order_of(uint64_t count)
{
	return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

/* The sum, or the greatest number if that is greater. */
static inline uint64_t lab_add_saturated(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

#endif
