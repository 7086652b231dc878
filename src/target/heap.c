/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/heap.h"

#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"

#define ROOM_BYTES ((size_t)1 << 30) /* address space, not memory */
#define GRAIN      LAB_HEAP_GRAIN
#define FILLING    0xa5 /* what a fresh block holds: a target that believes in zeros must show it */

/* Before each block. Freed blocks are chained here, not in their bytes, which a late reader may still see. */
struct lab_heap_block {
	size_t bytes;
	struct lab_heap_block *next;
};

_Static_assert(sizeof(struct lab_heap_block) == GRAIN, "a block follows its header at once");

static struct lab_heap_block *header_of(const void *memory)
{
	return (struct lab_heap_block *)(uintptr_t)memory - 1;
}

enum lab_status lab_heap_init(struct lab_heap *heap)
{
	void *base = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	void *grains = mmap(NULL, ROOM_BYTES / GRAIN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED || grains == MAP_FAILED)
		return LAB_SYSTEM;
	*heap = (struct lab_heap){.base = base, .room = ROOM_BYTES, .grains = grains};
	return LAB_OK;
}

static uint8_t *grain_of(const struct lab_heap *heap, const void *memory)
{
	return &heap->grains[(size_t)((const char *)memory - heap->base) / GRAIN];
}

/* Of a block with room for more, what was asked for may be touched. */
static void allow(struct lab_heap *heap, const struct lab_heap_block *block, size_t bytes)
{
	uint8_t *grains = grain_of(heap, block + 1);

	memset(grains, 0, block->bytes / GRAIN);
	memset(grains, GRAIN, bytes / GRAIN);
	if (bytes % GRAIN)
		grains[bytes / GRAIN] = bytes % GRAIN;
	grains[0] |= LAB_HEAP_FIRST;
}

bool lab_heap_allows_all(const struct lab_heap *heap, size_t offset, size_t bytes)
{
	for (size_t end = offset + bytes, next; offset < end; offset = next) {
		next = LAB_MIN(end, (offset / GRAIN + 1) * GRAIN);
		if ((heap->grains[offset / GRAIN] & LAB_HEAP_COUNT) < next - offset / GRAIN * GRAIN)
			return false;
	}
	return true;
}

size_t lab_heap_asked(const struct lab_heap *heap, const void *memory)
{
	const uint8_t *grain = grain_of(heap, memory), *end = grain + header_of(memory)->bytes / GRAIN;
	size_t asked = 0;

	while (grain < end)
		asked += *grain++ & LAB_HEAP_COUNT;
	return asked;
}

bool lab_heap_is_block(const struct lab_heap *heap, const void *memory)
{
	return (uintptr_t)memory % GRAIN == 0 && *grain_of(heap, memory) & LAB_HEAP_FIRST;
}

static struct lab_heap_block **bin_of(struct lab_heap *heap, size_t bytes)
{
	return &heap->state.bins[LAB_MIN(bytes / GRAIN, (size_t)LAB_HEAP_BINS)];
}

/* A freed block that fits without wasting half of it. */
static struct lab_heap_block *reuse(struct lab_heap *heap, size_t alignment, size_t bytes)
{
	for (struct lab_heap_block **at = bin_of(heap, bytes); *at; at = &(*at)->next) {
		struct lab_heap_block *block = *at;

		if (block->bytes < bytes || block->bytes / 2 > bytes || (uintptr_t)(block + 1) & (alignment - 1))
			continue;
		*at = block->next;
		return block;
	}
	return NULL;
}

void *lab_heap_take(struct lab_heap *heap, size_t alignment, size_t bytes)
{
	size_t want = lab_align_up(LAB_MAX(bytes, (size_t)1), (size_t)GRAIN);
	struct lab_heap_block *block;

	if (bytes > heap->room)
		return NULL;
	block = reuse(heap, alignment, want);
	if (!block) {
		size_t at = lab_align_up(heap->state.used + GRAIN, alignment);

		if (at > heap->room || want > heap->room - at)
			return NULL;
		heap->state.used = at + want;
		block = header_of(heap->base + at);
		block->bytes = want;
	}
	block->next = NULL;
	allow(heap, block, LAB_MAX(bytes, (size_t)1));
	memset(block + 1, FILLING, block->bytes);
	return block + 1;
}

void lab_heap_give(struct lab_heap *heap, void *memory)
{
	struct lab_heap_block *block = header_of(memory), **bin = bin_of(heap, block->bytes);

	memset(grain_of(heap, memory), LAB_HEAP_FREED, block->bytes / GRAIN);
	block->next = *bin;
	*bin = block;
}

size_t lab_heap_bytes(const void *memory)
{
	return header_of(memory)->bytes;
}
