/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: release
 * rule:  R12
 * found: explore stress
 *
 * Frames that nobody used since they were zeroed are known, so that they need not be zeroed again. The bug: a release
 * says of the block's first frame that it is no longer zero, and not of the others.
 */
#include "blind.h"

struct zeroed {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint8_t *dirty;
	uint8_t used[];
};

static enum lab_status zeroed_create(const struct lab_machine *machine, void **ret_self)
{
	struct zeroed *zeroed = calloc(1, sizeof(*zeroed) + 2 * machine->frame_count);

	if (!zeroed)
		return LAB_SYSTEM;
	zeroed->machine = machine;
	zeroed->dirty = zeroed->used + machine->frame_count;
	memset(zeroed->dirty, 1, machine->frame_count);
	*ret_self = zeroed;
	return LAB_OK;
}

static void zeroed_destroy(void *self)
{
	free(self);
}

static enum lab_status zeroed_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct zeroed *zeroed = self;
	const struct lab_host *host = zeroed->machine->host;
	unsigned long flags = host->irq_save();
	uint64_t frame;

	host->spin_lock(&zeroed->lock);
	frame = blind_fit(zeroed->used, zeroed->machine, request->gfp, request->order);
	host->spin_unlock(&zeroed->lock);
	host->irq_restore(flags);
	for (uint64_t i = 0; frame != BLIND_NOTHING && i < UINT64_C(1) << request->order; i++) {
		if (!(request->gfp & LAB_GFP_ZERO) || !zeroed->dirty[frame + i])
			continue;
		memset(blind_block(zeroed->machine, frame + i), 0, (size_t)1 << zeroed->machine->page_shift);
		zeroed->dirty[frame + i] = 0;
	}
	return blind_answer(zeroed->machine, frame, ret_block);
}

static enum lab_status zeroed_free(void *self, void *block, const struct lab_request *request)
{
	struct zeroed *zeroed = self;
	const struct lab_host *host = zeroed->machine->host;
	uint64_t frame = blind_frame(zeroed->machine, block), count = UINT64_C(1) << request->order;
	unsigned long flags = host->irq_save();

	host->spin_lock(&zeroed->lock);
	memset(zeroed->dirty + frame, 1, BUG ? 1 : count);
	memset(zeroed->used + frame, 0, count);
	host->spin_unlock(&zeroed->lock);
	host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("zeroed", zeroed, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_ZERO)
