/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: order 10, undo
 * rule:  R04
 * found: explore
 *
 * Chunks of 512 frames, each with a count and a lock; a block of order 10 takes two whole ones. The bug: where the
 * second is not whole, the first one's count stays at 0.
 */
#include "blind.h"

#define CHUNK 512u

struct chunk {
	uint32_t locked;
	uint32_t free_count;
};

struct arena {
	const struct lab_machine *machine;
	uint64_t chunk_count;
	uint8_t *used;
	struct chunk chunks[];
};

static enum lab_status arena_create(const struct lab_machine *machine, void **ret_self)
{
	uint64_t count = (machine->frame_count + CHUNK - 1) / CHUNK;
	struct arena *arena = calloc(1, sizeof(*arena) + count * (sizeof(arena->chunks[0]) + CHUNK));

	if (!arena)
		return LAB_SYSTEM;
	arena->machine = machine;
	arena->chunk_count = count;
	arena->used = (uint8_t *)&arena->chunks[count];
	for (uint64_t frame = 0; frame < count * CHUNK; frame++) {
		const struct lab_span *span = frame < machine->frame_count ? blind_span(machine, frame) : NULL;

		arena->used[frame] = !span || span->zone != LAB_ZONE_NORMAL;
		arena->chunks[frame / CHUNK].free_count += !arena->used[frame];
	}
	*ret_self = arena;
	return LAB_OK;
}

static void arena_destroy(void *self)
{
	free(self);
}

static void lock(struct arena *arena, uint64_t chunk)
{
	while (blind_swap(&arena->chunks[chunk].locked, 1))
		arena->machine->host->cpu_relax();
}

static void unlock(struct arena *arena, uint64_t chunk)
{
	blind_store(&arena->chunks[chunk].locked, 0);
}

static uint64_t take_in(struct arena *arena, uint64_t chunk, unsigned order)
{
	const struct lab_span whole = {.first_frame = chunk * CHUNK, .frame_count = CHUNK};
	uint64_t frame = BLIND_NOTHING;

	lock(arena, chunk);
	if (arena->chunks[chunk].free_count >= 1u << order)
		frame = blind_first_fit(arena->used, &whole, order);
	if (frame != BLIND_NOTHING)
		arena->chunks[chunk].free_count -= 1u << order;
	unlock(arena, chunk);
	return frame;
}

/* Who has a chunk's count at 0 has the chunk. */
static bool take_whole(struct arena *arena, uint64_t chunk)
{
	bool whole;

	lock(arena, chunk);
	whole = arena->chunks[chunk].free_count == CHUNK;
	if (whole)
		arena->chunks[chunk].free_count = 0;
	unlock(arena, chunk);
	return whole;
}

static uint64_t take_two(struct arena *arena, uint64_t chunk)
{
	if (!take_whole(arena, chunk))
		return BLIND_NOTHING;
	if (take_whole(arena, chunk + 1)) {
		memset(arena->used + chunk * CHUNK, 1, (size_t)2 * CHUNK);
		return chunk * CHUNK;
	}
	if (!BUG)
		blind_store(&arena->chunks[chunk].free_count, CHUNK);
	return BLIND_NOTHING;
}

static enum lab_status arena_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct arena *arena = self;
	uint64_t step = request->order > 9 ? 2 : 1, frame = BLIND_NOTHING;
	unsigned long flags;

	if (request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	flags = arena->machine->host->irq_save();
	for (uint64_t at = 0; at + step <= arena->chunk_count && frame == BLIND_NOTHING; at += step)
		frame = step == 2 ? take_two(arena, at) : take_in(arena, at, request->order);
	arena->machine->host->irq_restore(flags);
	return blind_answer(arena->machine, frame, ret_block);
}

static enum lab_status arena_free(void *self, void *block, const struct lab_request *request)
{
	struct arena *arena = self;
	uint64_t frame = blind_frame(arena->machine, block), count = UINT64_C(1) << request->order;
	unsigned long flags = arena->machine->host->irq_save();

	for (uint64_t done = 0; done < count; done += CHUNK) {
		uint64_t chunk = (frame + done) / CHUNK, part = count < CHUNK ? count : CHUNK;

		lock(arena, chunk);
		memset(arena->used + frame + done, 0, part);
		arena->chunks[chunk].free_count += (uint32_t)part;
		unlock(arena, chunk);
	}
	arena->machine->host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("chunked", arena, LAB_CAP_ARENA | LAB_CAP_IRQ)
