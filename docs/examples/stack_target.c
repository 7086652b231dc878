/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

/*
 * One global instance, as of stack.rs: it is never destroyed, and the harness puts the plug-in's variables back between
 * runs. Frame numbers, single frames only.
 */
bool stack_push(uint32_t frame);
int64_t stack_pop(void);

static const struct lab_machine *machine;

static enum lab_status adapter_create(const struct lab_machine *with, void **ret_self)
{
	machine = with;
	*ret_self = &machine;
	for (size_t i = 0; i < with->span_count; i++)
		for (uint64_t at = 0; at < with->spans[i].frame_count; at++)
			if (!stack_push((uint32_t)(with->spans[i].first_frame + at)))
				return LAB_NO_MEMORY;
	return LAB_OK;
}

static enum lab_status adapter_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	int64_t frame = request->order || request->gfp & LAB_GFP_DMA ? -1 : stack_pop();

	if (frame < 0)
		return LAB_NO_MEMORY;
	*ret_block = (char *)machine->base + ((uint64_t)frame << machine->page_shift);
	return LAB_OK;
}

static enum lab_status adapter_free(void *self, void *block, const struct lab_request *request)
{
	return stack_push((uint32_t)(((uint64_t)((char *)block - (char *)machine->base)) >> machine->page_shift))
		       ? LAB_OK
		       : LAB_INVALID;
}

const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "stack",
		.summary = "frame numbers on a stack in Rust",
		.caps = LAB_CAP_ARENA,
		.page_shift_min = 6,
		.create = adapter_create,
		.alloc = adapter_alloc,
		.free = adapter_free,
	};

	return &target;
}
