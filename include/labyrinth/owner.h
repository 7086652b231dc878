/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_OWNER_H
#define LABYRINTH_OWNER_H

#include <stdint.h>

/*
 * Who holds a block: 64 bits chosen by the caller, a context (16 bits, high) and a generation (48 bits, low), fresh
 * for each allocation. An allocator stores and compares it whole. Context 0xffff and the token 0 are not owners.
 */
typedef uint64_t lab_owner;

#define LAB_OWNER_NONE           ((lab_owner)0)
#define LAB_OWNER_CONTEXT_MAX    0xfffeu
#define LAB_OWNER_GENERATION_MAX ((UINT64_C(1) << 48) - 1)

static inline lab_owner lab_owner_make(unsigned context, uint64_t generation)
{
	return (uint64_t)(context & 0xffffu) << 48 | (generation & LAB_OWNER_GENERATION_MAX);
}

static inline unsigned lab_owner_context(lab_owner owner)
{
	return (unsigned)(owner >> 48);
}

static inline uint64_t lab_owner_generation(lab_owner owner)
{
	return owner & LAB_OWNER_GENERATION_MAX;
}

#endif
