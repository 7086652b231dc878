/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/* The bit of a free frame is looked for, and set by an atomic operation whose answer nobody reads. */
static uint64_t taken;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	taken = 0;
	return program_create(machine, ret_self);
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t frame = (uint64_t)__builtin_ctzll(~program_load(&taken));

	if (request->order || frame >= program_machine->frame_count)
		return LAB_NO_MEMORY;
	__atomic_fetch_or(&taken, UINT64_C(1) << frame, __ATOMIC_SEQ_CST);
	*ret_block = program_block(frame);
	return LAB_OK;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	program_give(&taken, program_frame(block));
	return LAB_OK;
}

PROGRAM("bitmap-race", "a bit that is tested, then set", 0)
