/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/*
 * Treiber's stack without a tag. Between a pop's reads and its swap the head is popped, the next one too, and the first
 * is pushed again: the swap finds what it expects, and makes a frame the head that is in use. Frames count from 1.
 */
static uint64_t head, below[65];

static void push(uint64_t frame)
{
	uint64_t seen;

	do {
		seen = program_load(&head);
		program_store(&below[frame], seen);
	} while (!program_swap(&head, seen, frame));
}

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	head = 0;
	for (uint64_t frame = machine->frame_count; frame > 0 && machine->frame_count <= 64; frame--)
		push(frame);
	return program_create(machine, ret_self);
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t seen, next;

	if (request->order)
		return LAB_NO_MEMORY;
	do {
		seen = program_load(&head);
		if (!seen)
			return LAB_NO_MEMORY;
		next = program_load(&below[seen]);
	} while (!program_swap(&head, seen, next));
	*ret_block = program_block(seen - 1);
	return LAB_OK;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	push(program_frame(block) + 1);
	return LAB_OK;
}

PROGRAM("aba-stack", "a stack of frames without a tag", 0)
