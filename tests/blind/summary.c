/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: undo
 * rule:  R04 R10
 * found: explore
 *
 * Words of 64 frames, and above them a summary with a bit for each word that has a free frame; a lock. Great blocks
 * claim word after word. The bug: a claim that fails half way puts the words back, and not the summary's bits.
 */
#include "blind.h"

#define WORDS_MOST 1024u

struct tree {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint64_t summary[WORDS_MOST / 64];
	uint64_t words[WORDS_MOST]; /* a set bit is a free frame */
};

static void update(struct tree *tree, uint64_t word)
{
	uint64_t bit = UINT64_C(1) << word % 64;

	if (tree->words[word])
		tree->summary[word / 64] |= bit;
	else
		tree->summary[word / 64] &= ~bit;
}

static enum lab_status tree_create(const struct lab_machine *machine, void **ret_self)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return LAB_SYSTEM;
	tree->machine = machine;
	for (uint64_t frame = 0; frame < machine->frame_count && frame / 64 < WORDS_MOST; frame++) {
		const struct lab_span *span = blind_span(machine, frame);

		if (!span || span->zone != LAB_ZONE_NORMAL)
			continue;
		tree->words[frame / 64] |= UINT64_C(1) << frame % 64;
		update(tree, frame / 64);
	}
	*ret_self = tree;
	return LAB_OK;
}

static void tree_destroy(void *self)
{
	free(self);
}

static uint64_t take_small(struct tree *tree, uint64_t word, unsigned order)
{
	unsigned count = 1u << order;
	uint64_t mask = count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;

	for (unsigned first = 0; first < 64; first += count) {
		if (~tree->words[word] & mask << first)
			continue;
		tree->words[word] &= ~(mask << first);
		update(tree, word);
		return word * 64 + first;
	}
	return BLIND_NOTHING;
}

static uint64_t take_great(struct tree *tree, uint64_t word, uint64_t count)
{
	uint64_t taken = 0;

	if (word % count || word + count > WORDS_MOST)
		return BLIND_NOTHING;
	for (; taken < count && tree->words[word + taken] == ~UINT64_C(0); taken++) {
		tree->words[word + taken] = 0;
		update(tree, word + taken);
	}
	if (taken == count)
		return word * 64;
	while (taken-- > 0) {
		tree->words[word + taken] = ~UINT64_C(0);
		if (!BUG)
			update(tree, word + taken);
	}
	return BLIND_NOTHING;
}

static uint64_t take(struct tree *tree, unsigned order)
{
	uint64_t frame = BLIND_NOTHING;

	for (unsigned top = 0; top < WORDS_MOST / 64; top++)
		for (uint64_t left = tree->summary[top]; left && frame == BLIND_NOTHING; left &= left - 1) {
			uint64_t word = top * 64 + (uint64_t)__builtin_ctzll(left);

			frame = order <= 6 ? take_small(tree, word, order)
					   : take_great(tree, word, UINT64_C(1) << (order - 6));
		}
	return frame;
}

static enum lab_status tree_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct tree *tree = self;
	const struct lab_host *host = tree->machine->host;
	unsigned long flags;
	uint64_t frame;

	if (request->gfp & LAB_GFP_DMA)
		return LAB_NO_MEMORY;
	flags = host->irq_save();
	host->spin_lock(&tree->lock);
	frame = take(tree, request->order);
	host->spin_unlock(&tree->lock);
	host->irq_restore(flags);
	return blind_answer(tree->machine, frame, ret_block);
}

static enum lab_status tree_free(void *self, void *block, const struct lab_request *request)
{
	struct tree *tree = self;
	const struct lab_host *host = tree->machine->host;
	uint64_t frame = blind_frame(tree->machine, block);
	unsigned long flags = host->irq_save();

	host->spin_lock(&tree->lock);
	for (uint64_t i = 0; i < UINT64_C(1) << request->order; i++) {
		tree->words[(frame + i) / 64] |= UINT64_C(1) << (frame + i) % 64;
		update(tree, (frame + i) / 64);
	}
	host->spin_unlock(&tree->lock);
	host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("summary", tree, LAB_CAP_ARENA | LAB_CAP_IRQ)
