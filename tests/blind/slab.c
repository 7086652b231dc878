/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: accounting
 * rule:  R14
 * found: explore
 *
 * Slabs of 16 frames, each for blocks of one order while one of it is out; greater blocks are whole slabs. The bug: a
 * block that is the last of its slab is counted twice when it is given back.
 */
#include "blind.h"

#define SLAB_ORDER  4u
#define SLAB_FRAMES 16u

struct slab {
	uint8_t order, out; /* blocks that are out */
	uint16_t used;      /* a bit a frame */
	uint16_t whole;     /* the frames that there are */
};

struct cache {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint64_t free_count, slab_count;
	struct slab slabs[];
};

static enum lab_status cache_create(const struct lab_machine *machine, void **ret_self)
{
	uint64_t count = (machine->frame_count + SLAB_FRAMES - 1) / SLAB_FRAMES;
	struct cache *cache = calloc(1, sizeof(*cache) + count * sizeof(cache->slabs[0]));

	if (!cache)
		return LAB_SYSTEM;
	cache->machine = machine;
	cache->slab_count = count;
	for (uint64_t frame = 0; frame < machine->frame_count; frame++) {
		const struct lab_span *span = blind_span(machine, frame);

		if (!span || span->zone != LAB_ZONE_NORMAL)
			continue;
		cache->slabs[frame / SLAB_FRAMES].whole |= (uint16_t)(1u << frame % SLAB_FRAMES);
		cache->free_count++;
	}
	*ret_self = cache;
	return LAB_OK;
}

static void cache_destroy(void *self)
{
	free(self);
}

static uint64_t take_small(struct cache *cache, uint64_t at, unsigned order)
{
	struct slab *slab = &cache->slabs[at];
	unsigned count = 1u << order, mask = (1u << count) - 1;

	if (slab->out && slab->order != order)
		return BLIND_NOTHING;
	for (unsigned first = 0; first < SLAB_FRAMES; first += count, mask <<= count) {
		if ((slab->whole & ~slab->used & mask) != mask || mask > UINT16_MAX)
			continue;
		slab->used |= (uint16_t)mask;
		slab->order = (uint8_t)order;
		slab->out++;
		return at * SLAB_FRAMES + first;
	}
	return BLIND_NOTHING;
}

static uint64_t take_whole(struct cache *cache, uint64_t at, uint64_t count)
{
	if (at % count || at + count > cache->slab_count)
		return BLIND_NOTHING;
	for (uint64_t i = at; i < at + count; i++)
		if (cache->slabs[i].out || cache->slabs[i].whole != UINT16_MAX)
			return BLIND_NOTHING;
	for (uint64_t i = at; i < at + count; i++)
		cache->slabs[i] = (struct slab){.order = SLAB_ORDER, .out = 1, .used = UINT16_MAX, .whole = UINT16_MAX};
	return at * SLAB_FRAMES;
}

static enum lab_status cache_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct cache *cache = self;
	const struct lab_host *host = cache->machine->host;
	uint64_t frame = BLIND_NOTHING;
	unsigned long flags;

	if (request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	flags = host->irq_save();
	host->spin_lock(&cache->lock);
	for (uint64_t at = 0; at < cache->slab_count && frame == BLIND_NOTHING; at++)
		frame = request->order < SLAB_ORDER
				? take_small(cache, at, request->order)
				: take_whole(cache, at, UINT64_C(1) << (request->order - SLAB_ORDER));
	if (frame != BLIND_NOTHING)
		cache->free_count -= UINT64_C(1) << request->order;
	host->spin_unlock(&cache->lock);
	host->irq_restore(flags);
	return blind_answer(cache->machine, frame, ret_block);
}

static void give_small(struct cache *cache, uint64_t frame, unsigned order)
{
	struct slab *slab = &cache->slabs[frame / SLAB_FRAMES];
	unsigned mask = ((1u << (1u << order)) - 1) << frame % SLAB_FRAMES;

	slab->used &= (uint16_t)~mask;
	if (!--slab->out && BUG && order)
		cache->free_count++;
}

static enum lab_status cache_free(void *self, void *block, const struct lab_request *request)
{
	struct cache *cache = self;
	const struct lab_host *host = cache->machine->host;
	uint64_t frame = blind_frame(cache->machine, block), count = UINT64_C(1) << request->order;
	unsigned long flags = host->irq_save();

	host->spin_lock(&cache->lock);
	if (request->order < SLAB_ORDER)
		give_small(cache, frame, request->order);
	for (uint64_t i = 0; request->order >= SLAB_ORDER && i < count; i += SLAB_FRAMES)
		cache->slabs[(frame + i) / SLAB_FRAMES] = (struct slab){.whole = UINT16_MAX};
	cache->free_count += count;
	host->spin_unlock(&cache->lock);
	host->irq_restore(flags);
	return LAB_OK;
}

static uint64_t cache_free_frames(void *self)
{
	return blind_load(&((struct cache *)self)->free_count);
}

BLIND_TARGET("slab", cache, LAB_CAP_ARENA | LAB_CAP_IRQ, .free_frames = cache_free_frames)
