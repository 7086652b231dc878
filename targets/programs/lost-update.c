/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/*
 * A count of free frames is read, and written one lower, in two steps: two contexts between whose steps the other's
 * fall get the same frame. Of greater blocks, which there are none of, only a statistic is counted, as badly: the same
 * program without a finding, for measuring how fast schedules are run.
 */
static uint64_t count, frames[64], refused;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	for (count = 0; count < machine->frame_count && count < 64; count++)
		frames[count] = count;
	refused = 0;
	return program_create(machine, ret_self);
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t seen;

	if (request->order) {
		refused = refused + 1;
		return LAB_NO_MEMORY;
	}
	seen = count;
	if (!seen)
		return LAB_NO_MEMORY;
	count = seen - 1;
	*ret_block = program_block(frames[seen - 1]);
	return LAB_OK;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	uint64_t seen = count;

	frames[seen] = program_frame(block);
	count = seen + 1;
	return LAB_OK;
}

PROGRAM("lost-update", "a count in two steps", 0)
