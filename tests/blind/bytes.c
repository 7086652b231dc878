/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: undo
 * rule:  R04
 * found: explore
 *
 * A byte a frame, claimed one by one by compare-and-swap. The bug: a claim that fails gives back all but its first.
 */
#include "blind.h"

struct bytes {
	const struct lab_machine *machine;
	uint8_t used[];
};

static enum lab_status bytes_create(const struct lab_machine *machine, void **ret_self)
{
	struct bytes *bytes = calloc(1, sizeof(*bytes) + machine->frame_count);

	if (!bytes)
		return LAB_SYSTEM;
	bytes->machine = machine;
	*ret_self = bytes;
	return LAB_OK;
}

static void bytes_destroy(void *self)
{
	free(self);
}

static bool claim(struct bytes *bytes, uint64_t first, uint64_t count)
{
	uint64_t i = 0;

	for (; i < count; i++) {
		uint8_t is_free = 0;

		if (!blind_cas(&bytes->used[first + i], &is_free, 1))
			break;
	}
	if (i == count)
		return true;
	while (i > BUG)
		blind_store(&bytes->used[first + --i], 0);
	return false;
}

static enum lab_status bytes_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct bytes *bytes = self;
	uint64_t count = UINT64_C(1) << request->order;

	for (size_t s = bytes->machine->span_count; s-- > 0;) {
		const struct lab_span *span = &bytes->machine->spans[s];
		uint64_t end = span->first_frame + span->frame_count;

		if (!blind_zone_serves(span->zone, request->gfp))
			continue;
		for (uint64_t at = (span->first_frame + count - 1) / count * count; at + count <= end; at += count)
			if (claim(bytes, at, count))
				return blind_answer(bytes->machine, at, ret_block);
	}
	return LAB_NO_MEMORY;
}

static enum lab_status bytes_free(void *self, void *block, const struct lab_request *request)
{
	struct bytes *bytes = self;
	uint64_t frame = blind_frame(bytes->machine, block);

	for (uint64_t i = 0; i < UINT64_C(1) << request->order; i++)
		blind_store(&bytes->used[frame + i], 0);
	return LAB_OK;
}

BLIND_TARGET("bytes", bytes, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI)
