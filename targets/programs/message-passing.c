/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/* A cache of one frame, whose flag goes up before the frame is written: who comes in between reads the last one. */
static uint64_t taken, full, cached;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	taken = full = cached = 0;
	return program_create(machine, ret_self);
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t frame;

	if (request->order)
		return LAB_NO_MEMORY;
	if (program_load(&full)) {
		frame = program_load(&cached);
		if (program_swap(&full, 1, 0)) {
			*ret_block = program_block(frame);
			return LAB_OK;
		}
	}
	frame = program_take(&taken);
	if (frame == UINT64_MAX)
		return LAB_NO_MEMORY;
	*ret_block = program_block(frame);
	return LAB_OK;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	if (program_swap(&full, 0, 1))
		program_store(&cached, program_frame(block));
	else
		program_give(&taken, program_frame(block));
	return LAB_OK;
}

PROGRAM("message-passing", "a flag that goes up before its message", 0)
