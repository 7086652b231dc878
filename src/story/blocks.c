/* SPDX-License-Identifier: Apache-2.0 */
#include "story/blocks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool lab_blocks_init(struct lab_blocks *blocks, const struct lab_rows_of *of)
{
	size_t slots = of->scenario->context_count * LAB_SLOT_COUNT;

	*blocks = (struct lab_blocks){.of = of, .slots = calloc(slots + 1, sizeof(*blocks->slots))};
	for (size_t i = 0; blocks->slots && i < slots; i++)
		blocks->slots[i].frame = UINT64_MAX;
	return blocks->slots != NULL;
}

void lab_blocks_free(struct lab_blocks *blocks)
{
	free(blocks->slots);
	free(blocks->numbers);
}

/* The number of a block outside the arena, from 1; 0: no memory to tell it. */
static size_t number_of(struct lab_blocks *blocks, uint64_t frame)
{
	for (size_t i = 0; i < blocks->count; i++)
		if (blocks->numbers[i] == frame)
			return i + 1;
	if (blocks->count == blocks->room) {
		size_t room = blocks->room ? 2 * blocks->room : 16;
		uint64_t *grown = realloc(blocks->numbers, room * sizeof(*grown));

		if (!grown)
			return 0;
		blocks->numbers = grown;
		blocks->room = room;
	}
	blocks->numbers[blocks->count++] = frame;
	return blocks->count;
}

static void tell_block(struct lab_blocks *blocks, uint64_t frame, unsigned order, char *text, size_t room)
{
	uint64_t last = frame + (UINT64_C(1) << order) - 1;

	if (!blocks->of->arena)
		snprintf(text, room, "block #%zu", number_of(blocks, frame));
	else if (order)
		snprintf(text, room, "frames %" PRIu64 "-%" PRIu64, frame, last);
	else
		snprintf(text, room, "frame %" PRIu64, frame);
}

/* True when the block lies over the one that the finding is about. */
static bool is_found(const struct lab_blocks *blocks, uint64_t frame, unsigned order)
{
	const struct lab_finding *finding = blocks->of->finding;

	if (!finding || finding->frame == UINT64_MAX || frame == UINT64_MAX)
		return false;
	return frame < finding->frame + (UINT64_C(1) << finding->order) &&
	       finding->frame < frame + (UINT64_C(1) << order);
}

bool lab_blocks_note(struct lab_blocks *blocks, unsigned context, const struct lab_op *op, enum lab_status status,
		     uint64_t frame, char *text, size_t room)
{
	struct lab_blocks_held *slot = &blocks->slots[(size_t)context * LAB_SLOT_COUNT + op->slot % LAB_SLOT_COUNT];
	struct lab_blocks_held held = *slot;
	char block[48];

	snprintf(text, room, "%s", lab_status_name(status));
	if (status != LAB_OK)
		return false;
	switch (op->kind) {
	case LAB_OP_ALLOC:
	case LAB_OP_TAKE:
		*slot = (struct lab_blocks_held){frame, op->order};
		if (frame != UINT64_MAX)
			tell_block(blocks, frame, op->order, text, room);
		return is_found(blocks, frame, op->order);
	case LAB_OP_FREE:
	case LAB_OP_GIVE:
	case LAB_OP_FREE_TWICE:
		slot->frame = UINT64_MAX;
		if (held.frame == UINT64_MAX)
			return false;
		tell_block(blocks, held.frame, held.order, block, sizeof(block));
		snprintf(text, room, "%s %s", block, op->kind == LAB_OP_GIVE ? "handed over" : "given back");
		return is_found(blocks, held.frame, held.order);
	default:
		return false;
	}
}

bool lab_blocks_got(struct lab_blocks *blocks, const struct lab_op *op, const struct lab_finding *finding, char *text,
		    size_t room)
{
	/* the other rules are about blocks that an operation has, or should have had */
	bool answered = finding->rule == LAB_R01_EXCLUSIVE_OWNERSHIP || finding->rule == LAB_R03_RESERVE_FLOOR ||
			finding->rule == LAB_R05_PLACEMENT || finding->rule == LAB_R12_RELEASE;

	if (!answered || finding->frame == UINT64_MAX || (op->kind != LAB_OP_ALLOC && op->kind != LAB_OP_TAKE))
		return false;
	tell_block(blocks, finding->frame, op->order, text, room);
	return true;
}
