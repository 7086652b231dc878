/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

/* The number of free frames is compared with the floor, and lowered afterwards: two that both look first go below. */
static uint64_t taken, free_count;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	taken = 0;
	free_count = machine->frame_count;
	return program_create(machine, ret_self);
}

static enum lab_status allocate(void *self, const struct lab_request *request, void **ret_block)
{
	uint64_t floor = lab_class_floor(lab_gfp_class(request->gfp), program_machine->zones[LAB_ZONE_NORMAL].min);

	uint64_t frame;

	if (request->order || program_load(&free_count) <= floor)
		return LAB_NO_MEMORY;
	frame = program_take(&taken);
	if (frame == UINT64_MAX)
		return LAB_NO_MEMORY;
	__atomic_fetch_sub(&free_count, 1, __ATOMIC_SEQ_CST);
	*ret_block = program_block(frame);
	return LAB_OK;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	program_give(&taken, program_frame(block));
	__atomic_fetch_add(&free_count, 1, __ATOMIC_SEQ_CST);
	return LAB_OK;
}

PROGRAM("reserve-floor", "a floor that is looked at before the frame is taken", LAB_CAP_RESERVE)
