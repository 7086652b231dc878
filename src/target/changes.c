/* SPDX-License-Identifier: Apache-2.0 */
#include "target/changes.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#include "base/bits.h"
#include "plat/sanitizer.h"

#define PIECE 512u /* bytes: a few calls for most images, and not much that is hashed for one word */

static bool differs(const void *now, const void *was, size_t bytes)
{
#if LAB_SANITIZER_ADDRESS
	return true; /* red zones lie between a module's variables: memcmp is watched, xxhash is not */
#else
	return memcmp(now, was, bytes) != 0;
#endif
}

uint64_t lab_changes_hash(const void *now, const void *was, size_t bytes, uint64_t seed)
{
	static const char zeroes[PIECE];

	for (size_t at = 0; at < bytes; at += PIECE) {
		const char *piece = (const char *)now + at;
		size_t length = LAB_MIN(bytes - at, (size_t)PIECE);

		if (differs(piece, was ? (const char *)was + at : zeroes, length))
			seed = XXH3_64bits_withSeed(piece, length, seed + at + 1);
	}
	return seed;
}
