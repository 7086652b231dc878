/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: undo
 * rule:  R04
 * found: replay
 * wild:  https://github.com/ovg-project/kvcached/pull/430 (what a failed allocation had taken by then had no owner)
 *
 * 1. A block of 128 frames is claimed word by word: the first word's compare-and-swap succeeds.
 * 2. The second word is in use in part: its compare-and-swap fails, and leaves what it saw in `seen`.
 * 3. The claim is undone by compare-and-swap of the first word, and what that expects is `seen`: it fails unnoticed.
 * 4. The request is served elsewhere. 64 frames are neither free nor anybody's, and the count of free frames, which
 *    only successes move, is right.
 */
#include <stdlib.h>

#include <labyrinth/target.h>

#include "base/bits.h"
#include "plat/atomic.h"

#define WORD_ORDER  6u
#define WORD_FRAMES 64u
#define ALL         (~UINT64_C(0))

/* A bitmap over the first span, which is all that it uses: one bit a frame, set while the frame is free. */
struct bitmap {
	const struct lab_machine *machine;
	lab_atomic64 free_count;
	uint64_t word_count;
	lab_atomic64 words[];
};

static enum lab_status bitmap_create(const struct lab_machine *machine, void **ret_self)
{
	const struct lab_span *span = &machine->spans[0];
	uint64_t word_count = (machine->frame_count + WORD_FRAMES - 1) / WORD_FRAMES;
	struct bitmap *bitmap = calloc(1, sizeof(*bitmap) + word_count * sizeof(bitmap->words[0]));

	if (!bitmap)
		return LAB_SYSTEM;
	bitmap->machine = machine;
	bitmap->word_count = word_count;
	/* Relaxed, here and where words are read to be compared: nobody else has the bitmap yet, or a swap follows. */
	lab_store_relaxed(&bitmap->free_count, span->frame_count);
	for (uint64_t i = span->first_frame; i < span->first_frame + span->frame_count; i++)
		lab_fetch_or_relaxed(&bitmap->words[i / WORD_FRAMES], UINT64_C(1) << i % WORD_FRAMES);
	*ret_self = bitmap;
	return LAB_OK;
}

static uint64_t run_mask(unsigned first, unsigned order)
{
	return lab_bits_low(1u << order) << first;
}

/* Takes an aligned run of a word. The frame, or UINT64_MAX. */
static uint64_t take_small(struct bitmap *bitmap, uint64_t word, unsigned order)
{
	uint64_t seen = lab_load_relaxed(&bitmap->words[word]);

	for (unsigned first = 0; first < WORD_FRAMES; first += 1u << order) {
		uint64_t mask = run_mask(first, order);

		while ((seen & mask) == mask) {
			/* Takes the frames' content from who freed them. */
			if (lab_cas_acquire(&bitmap->words[word], &seen, seen & ~mask))
				return word * WORD_FRAMES + first;
		}
	}
	return UINT64_MAX;
}

/* Claims `count` whole words. */
static bool take_words(struct bitmap *bitmap, uint64_t word, uint64_t count)
{
	uint64_t seen = ALL;

	for (uint64_t i = 0; i < count; i++) {
		/* Takes the frames' content from who freed them. */
		if (lab_cas_acquire(&bitmap->words[word + i], &seen, 0))
			continue;
		while (i-- > 0)
			lab_cas_release(&bitmap->words[word + i], &seen, ALL); /* the bug: they are 0 */
		return false;
	}
	return true;
}

static uint64_t take(struct bitmap *bitmap, unsigned order)
{
	uint64_t count = order > WORD_ORDER ? UINT64_C(1) << (order - WORD_ORDER) : 1;

	for (uint64_t word = 0; word + count <= bitmap->word_count; word += count) {
		uint64_t frame = UINT64_MAX;

		if (order < WORD_ORDER)
			frame = take_small(bitmap, word, order);
		else if (take_words(bitmap, word, count))
			frame = word * WORD_FRAMES;
		if (frame != UINT64_MAX)
			return frame;
	}
	return UINT64_MAX;
}

static enum lab_status bitmap_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct bitmap *bitmap = self;
	uint64_t frame;

	if (request->gfp & LAB_GFP_DMA && bitmap->machine->spans[0].zone != LAB_ZONE_DMA)
		return LAB_NO_MEMORY;
	frame = take(bitmap, request->order);
	if (frame == UINT64_MAX)
		return LAB_NO_MEMORY;
	lab_fetch_sub_relaxed(&bitmap->free_count, UINT64_C(1) << request->order); /* a statistic */
	*ret_block = (char *)bitmap->machine->base + (frame << bitmap->machine->page_shift);
	return LAB_OK;
}

static enum lab_status bitmap_free(void *self, void *block, const struct lab_request *request)
{
	struct bitmap *bitmap = self;
	uint64_t frame = (uint64_t)((char *)block - (char *)bitmap->machine->base) >> bitmap->machine->page_shift;
	uint64_t count = request->order > WORD_ORDER ? UINT64_C(1) << (request->order - WORD_ORDER) : 1;
	uint64_t mask = request->order < WORD_ORDER ? run_mask(frame % WORD_FRAMES, request->order) : ALL;

	for (uint64_t i = 0; i < count; i++)
		/* Publishes the frames' content to who takes them. */
		lab_fetch_or_release(&bitmap->words[frame / WORD_FRAMES + i], mask);
	lab_fetch_add_relaxed(&bitmap->free_count, UINT64_C(1) << request->order); /* a statistic */
	return LAB_OK;
}

static uint64_t bitmap_free_frames(void *self)
{
	return lab_load_relaxed(&((struct bitmap *)self)->free_count); /* a statistic */
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "r04-undo-leak",
		.summary = "a bitmap whose undo leaks",
		.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = bitmap_create,
		.destroy = free,
		.alloc = bitmap_alloc,
		.free = bitmap_free,
		.page_shift_min = 6,
		.free_frames = bitmap_free_frames,
	};

	return &target;
}
