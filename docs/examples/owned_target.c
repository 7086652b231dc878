/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>

#include <labyrinth/target.h>

/*
 * With an owner: a word for each frame says whose it is, and free and transfer refuse who is not. Without a lock: a
 * compare-and-swap from nobody to somebody is the allocation. It hands out single frames only.
 */
struct owned {
	const struct lab_machine *machine;
	_Atomic(lab_owner) owners[];
};

#define NOBODY ((lab_owner)0) /* the harness' owners are never 0 */

static enum lab_status owned_create(const struct lab_machine *machine, void **ret_self)
{
	struct owned *owned = calloc(1, sizeof(*owned) + machine->frame_count * sizeof(owned->owners[0]));

	if (!owned)
		return LAB_SYSTEM;
	owned->machine = machine;
	*ret_self = owned;
	return LAB_OK;
}

static size_t frame_of(const struct owned *owned, const void *block)
{
	return (size_t)((const char *)block - (const char *)owned->machine->base) >> owned->machine->page_shift;
}

static int change(struct owned *owned, size_t frame, lab_owner from, lab_owner to)
{
	return atomic_compare_exchange_strong_explicit(&owned->owners[frame], &from, to, memory_order_acq_rel,
						       memory_order_relaxed);
}

static enum lab_status owned_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct owned *owned = self;

	for (size_t i = owned->machine->span_count; i-- > 0 && !request->order;) {
		const struct lab_span *span = &owned->machine->spans[i];

		for (size_t at = 0; at < span->frame_count; at++) {
			size_t frame = span->first_frame + at;

			if ((request->gfp & LAB_GFP_DMA && span->zone != LAB_ZONE_DMA) ||
			    !change(owned, frame, NOBODY, request->owner))
				continue;
			*ret_block = (char *)owned->machine->base + (frame << owned->machine->page_shift);
			return LAB_OK;
		}
	}
	return LAB_NO_MEMORY;
}

/* A block that is not where one of ours can be, or of an order that we never hand out. */
static int is_block(const struct owned *owned, const void *block)
{
	size_t offset = (size_t)((const char *)block - (const char *)owned->machine->base);

	return offset >> owned->machine->page_shift < owned->machine->frame_count &&
	       offset % ((size_t)1 << owned->machine->page_shift) == 0;
}

static enum lab_status owned_transfer(void *self, void *block, lab_owner from, lab_owner to)
{
	struct owned *owned = self;

	if (!is_block(owned, block) || from == NOBODY)
		return LAB_INVALID;
	return change(owned, frame_of(owned, block), from, to) ? LAB_OK : LAB_NOT_OWNER;
}

static enum lab_status owned_free(void *self, void *block, const struct lab_request *request)
{
	return request->order ? LAB_INVALID : owned_transfer(self, block, request->owner, NOBODY);
}

const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "owned",
		.summary = "single frames that know their owner",
		.caps = LAB_CAP_ARENA | LAB_CAP_OWNERSHIP | LAB_CAP_IRQ | LAB_CAP_NMI,
		.page_shift_min = 6,
		.create = owned_create,
		.destroy = free,
		.alloc = owned_alloc,
		.free = owned_free,
		.transfer = owned_transfer,
	};

	return &target;
}
