/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: undo
 * rule:  R01
 * found: explore
 * wild:  https://github.com/pmem/pmdk/pull/2417 (an undo one entry off from what had been reserved)
 *
 * 1. A block of two words is claimed by one who saw both whole: its first word is claimed.
 * 2. Meanwhile another takes a frame of the second word, whose claim fails.
 * 3. The claim is undone from the word at which it failed on, not from the one before: that word is made whole, too.
 * 4. The other's frame is in use and free. One thread alone never sees a word change between look and claim.
 */
#include "base/bits.h"
#include "plat/atomic.h"
#include "tests/canary/frames.h"

#define WORD_ORDER  3u
#define WORD_FRAMES 8u
#define ALL         UINT64_C(0xff)

/* A bitmap over the first span, which is all that it uses: eight frames a word, a bit set while its frame is free. */
struct bitmap {
	const struct lab_machine *machine;
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
	for (uint64_t i = span->first_frame; i < span->first_frame + span->frame_count; i++)
		lab_fetch_or_relaxed(&bitmap->words[i / WORD_FRAMES], UINT64_C(1) << i % WORD_FRAMES);
	*ret_self = bitmap;
	return LAB_OK;
}

/* Takes an aligned run of a word. The frame, or UINT64_MAX. */
static uint64_t take_small(struct bitmap *bitmap, uint64_t word, unsigned order)
{
	uint64_t seen = lab_load_relaxed(&bitmap->words[word]); /* the swap below compares it */

	for (unsigned first = 0; first < WORD_FRAMES; first += 1u << order) {
		uint64_t mask = lab_bits_low(1u << order) << first;

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
	for (uint64_t i = 0; i < count; i++)
		if (lab_load_relaxed(&bitmap->words[word + i]) != ALL) /* only a look */
			return false;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t seen = ALL;

		/* Takes the frames' content from who freed them. */
		if (lab_cas_acquire(&bitmap->words[word + i], &seen, 0))
			continue;
		do /* the bug: the i-th was not claimed; gives back what was taken above */
			lab_fetch_or_release(&bitmap->words[word + i], ALL);
		while (i-- > 0);
		return false;
	}
	return true;
}

static enum lab_status bitmap_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct bitmap *bitmap = self;
	uint64_t count = request->order > WORD_ORDER ? UINT64_C(1) << (request->order - WORD_ORDER) : 1;
	uint64_t frame = UINT64_MAX;

	if (!canary_zone_serves(&bitmap->machine->spans[0], request))
		return LAB_NO_MEMORY;
	for (uint64_t word = 0; word + count <= bitmap->word_count && frame == UINT64_MAX; word += count)
		if (count == 1)
			frame = take_small(bitmap, word, request->order);
		else if (take_words(bitmap, word, count))
			frame = word * WORD_FRAMES;
	if (frame == UINT64_MAX)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(bitmap->machine, frame);
	return LAB_OK;
}

static enum lab_status bitmap_free(void *self, void *block, const struct lab_request *request)
{
	struct bitmap *bitmap = self;
	uint64_t frame = canary_frame(bitmap->machine, block), left = UINT64_C(1) << request->order;
	uint64_t mask = lab_bits_low(left < WORD_FRAMES ? (unsigned)left : WORD_FRAMES) << frame % WORD_FRAMES;

	for (uint64_t word = frame / WORD_FRAMES; left; word++) {
		/* Publishes the frames' content to who takes them. */
		lab_fetch_or_release(&bitmap->words[word], mask);
		left -= left < WORD_FRAMES ? left : WORD_FRAMES;
	}
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r01-undo-too-much",
	.summary = "a bitmap whose undo gives back what others have",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI,
	.create = bitmap_create,
	.destroy = free,
	.alloc = bitmap_alloc,
	.free = bitmap_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
