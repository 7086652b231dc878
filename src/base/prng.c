/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"

/* SplitMix64, which spreads a small seed over the whole state. */
static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void lab_prng_seed(struct lab_prng *prng, uint64_t seed, uint64_t stream)
{
	uint64_t x = seed;

	x = splitmix(&x) ^ stream * UINT64_C(0xd1342543de82ef95);
	for (unsigned i = 0; i < 4; i++)
		prng->state[i] = splitmix(&x);
}
