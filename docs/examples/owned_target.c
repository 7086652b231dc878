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

static int is_usable(const struct owned *owned, size_t frame)
{
	for (size_t i = 0; i < owned->machine->span_count; i++)
		if (frame - owned->machine->spans[i].first_frame < owned->machine->spans[i].frame_count)
			return 1;
	return 0;
}

/* Each misuse has its own answer, and changes nothing. */
static enum lab_status owned_transfer(void *self, void *block, lab_owner from, lab_owner to)
{
	struct owned *owned = self;
	size_t offset = (size_t)((char *)block - (char *)owned->machine->base), frame = frame_of(owned, block);

	if (offset % ((size_t)1 << owned->machine->page_shift) || !is_usable(owned, frame))
		return LAB_BAD_ADDRESS;
	if (from != NOBODY && change(owned, frame, from, to))
		return LAB_OK;
	return atomic_load_explicit(&owned->owners[frame], memory_order_relaxed) == NOBODY ? LAB_NOT_ALLOCATED
											   : LAB_WRONG_OWNER;
}

static enum lab_status owned_free(void *self, void *block, const struct lab_request *request)
{
	/* no block of ours has another order; which answer is due to that tells the owner's word */
	lab_owner to = request->order ? request->owner : NOBODY;
	enum lab_status status = owned_transfer(self, block, request->owner, to);

	return status == LAB_OK && request->order ? LAB_WRONG_ORDER : status;
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
