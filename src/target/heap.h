/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_HEAP_H
#define LAB_TARGET_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

/*
 * The heap of a module that an engine restores between runs: equal runs get equal addresses, and giving everything back
 * is setting one number. Address space is reserved once and used from its start. One thread at a time.
 */
#define LAB_HEAP_BINS 64u

struct lab_heap_block;

/* What tells which memory is in use; kept and put back with the bytes below `used`. */
struct lab_heap_state {
	size_t used;
	struct lab_heap_block *bins[LAB_HEAP_BINS + 1]; /* freed blocks by size; the last holds all that are greater */
};

/* What may be touched, a byte for each grain: how many of its bytes, and whose first one it is. */
#define LAB_HEAP_GRAIN 16u
#define LAB_HEAP_COUNT 0x1fu
#define LAB_HEAP_FIRST 0x20u /* of a living block */
#define LAB_HEAP_FREED 0x40u /* of one that was given back, with a count of 0 */

struct lab_heap {
	char *base; /* NULL: no heap */
	size_t room;
	uint8_t *grains;
	struct lab_heap_state state;
};

/* Reserves address space. LAB_SYSTEM: errno. May sleep. */
LAB_MUST_USE enum lab_status lab_heap_init(struct lab_heap *heap);

/*
 * As aligned_alloc; alignment: a power of two, at least 16. NULL: the room is used up. Its bytes are the same in equal
 * runs, and not 0. Addresses of freed blocks are handed out again, the last one first.
 */
void *lab_heap_take(struct lab_heap *heap, size_t alignment, size_t bytes);
void lab_heap_give(struct lab_heap *heap, void *memory);
/* True for the address of a living block: what lab_heap_give takes. */
bool lab_heap_is_block(const struct lab_heap *heap, const void *memory);
/* True when all these bytes, at an offset from base, are of a living block, as many as it was asked for with. */
bool lab_heap_allows_all(const struct lab_heap *heap, size_t offset, size_t bytes);
static inline bool lab_heap_allows(const struct lab_heap *heap, size_t offset, size_t bytes)
{
	return (heap->grains[offset / LAB_HEAP_GRAIN] & LAB_HEAP_COUNT) >= offset % LAB_HEAP_GRAIN + bytes ||
	       lab_heap_allows_all(heap, offset, bytes);
}
/* The bytes that a living block was asked for with; rounded up. */
size_t lab_heap_asked(const struct lab_heap *heap, const void *memory);
size_t lab_heap_bytes(const void *memory);

static inline bool lab_heap_has(const struct lab_heap *heap, const void *address)
{
	return (size_t)((const char *)address - heap->base) < heap->room;
}

#endif
