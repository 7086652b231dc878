/* SPDX-License-Identifier: Apache-2.0 */
#include "target/changes.h"

#include <stdbool.h>
#include <string.h>

#include "base/bits.h"
#include "plat/sanitizer.h"

#if !LAB_SANITIZER_ADDRESS
#define XXH_INLINE_ALL /* short, and often; in the library it is not watched */
#endif
#include <xxhash.h>

#define PIECE_BYTES 1024u /* compared at once */
#define LINE_BYTES  64u   /* hashed where it differs */

static bool differs(const void *now, const void *was, size_t bytes)
{
#if LAB_SANITIZER_ADDRESS
	return true; /* red zones lie between a module's variables: memcmp is watched, xxhash is not */
#else
	return memcmp(now, was, bytes) != 0;
#endif
}

/* Without a call, where it is a whole line. */
static inline bool line_differs(const char *now, const char *was, size_t bytes)
{
	uint64_t mine[LINE_BYTES / sizeof(uint64_t)], theirs[LINE_BYTES / sizeof(uint64_t)], other = 0;

	if (bytes != LINE_BYTES || LAB_SANITIZER_ADDRESS)
		return differs(now, was, bytes);
	memcpy(mine, now, LINE_BYTES);
	memcpy(theirs, was, LINE_BYTES);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(mine); i++)
		other |= mine[i] ^ theirs[i];
	return other;
}

static uint64_t hash_lines(const char *now, const char *was, size_t bytes, uint64_t seed)
{
	for (size_t at = 0; at < bytes; at += LINE_BYTES) {
		size_t length = LAB_MIN(bytes - at, (size_t)LINE_BYTES);

		if (line_differs(now + at, was + at, length))
			seed = XXH3_64bits_withSeed(now + at, length, seed + at + 1);
	}
	return seed;
}

uint64_t lab_changes_hash(const void *now, const void *was, size_t bytes, uint64_t seed)
{
	static const char zeroes[PIECE_BYTES];

	for (size_t at = 0; at < bytes; at += PIECE_BYTES) {
		const char *piece = (const char *)now + at, *before = was ? (const char *)was + at : zeroes;
		size_t length = LAB_MIN(bytes - at, (size_t)PIECE_BYTES);

		if (differs(piece, before, length))
			seed = hash_lines(piece, before, length, seed + at);
	}
	return seed;
}
