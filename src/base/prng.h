/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_BASE_PRNG_H
#define LAB_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

/* A reproducible stream of random numbers: xoshiro256** (Blackman and Vigna, 2018). Not for secrets. */
struct lab_prng {
	uint64_t state[4];
};

/* Starts a stream; equal seeds give equal streams, and stream separates those of one seed. */
void lab_prng_seed(struct lab_prng *prng, uint64_t seed, uint64_t stream);

static inline uint64_t lab_prng_rotl(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

static inline uint64_t lab_prng_u64(struct lab_prng *prng)
{
	uint64_t *s = prng->state;
	uint64_t result = lab_prng_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = lab_prng_rotl(s[3], 45);
	return result;
}

/* A number below bound, which must not be 0; the bias is below bound / 2^64. */
static inline uint64_t lab_prng_below(struct lab_prng *prng, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)lab_prng_u64(prng) * bound) >> 64);
}

/* True in `chance` of `out_of` cases. */
static inline bool lab_prng_chance(struct lab_prng *prng, uint64_t chance, uint64_t out_of)
{
	return lab_prng_below(prng, out_of) < chance;
}

#endif
