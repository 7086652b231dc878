/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include <labyrinth/target.h>

#include "bitmap.h"

struct adapter {
	struct bitmap bitmap;
	const struct lab_machine *machine;
};

static enum lab_status adapter_create(const struct lab_machine *machine, void **ret_self)
{
	struct adapter *a = calloc(1, sizeof(*a));

	if (!a || bitmap_init(&a->bitmap, machine->frame_count) != 0) {
		free(a);
		return LAB_SYSTEM;
	}
	a->machine = machine;
	*ret_self = a;
	return LAB_OK;
}

static void adapter_destroy(void *self)
{
	bitmap_fini(&((struct adapter *)self)->bitmap);
	free(self);
}

static enum lab_status adapter_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct adapter *a = self;
	long at = -1;

	for (size_t i = a->machine->span_count; i-- > 0 && at < 0;) { /* a block lies in one span; DMA's come first */
		const struct lab_span *s = &a->machine->spans[i];

		if (s->zone == LAB_ZONE_DMA || !(request->gfp & LAB_GFP_DMA))
			at = bitmap_take(&a->bitmap, s->first_frame, s->first_frame + s->frame_count,
					 (size_t)1 << request->order);
	}
	if (at < 0)
		return LAB_NO_MEMORY;
	*ret_block = (char *)a->machine->base + ((size_t)at << a->machine->page_shift);
	return LAB_OK;
}

static enum lab_status adapter_free(void *self, void *block, const struct lab_request *request)
{
	struct adapter *a = self;
	size_t offset = (size_t)((char *)block - (char *)a->machine->base);

	bitmap_give(&a->bitmap, offset >> a->machine->page_shift, (size_t)1 << request->order);
	return LAB_OK;
}

/* Only for people: a name for a byte that a finding's steps show. */
static enum lab_word adapter_describe(void *self, const void *address, char *text, size_t room)
{
	struct adapter *a = self;
	size_t frame = (size_t)((uintptr_t)address - (uintptr_t)a->bitmap.used);

	if (frame >= a->machine->frame_count)
		return LAB_WORD_NONE;
	snprintf(text, room, "frame %zu used", frame);
	return LAB_WORD_NUMBER;
}

const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "bitmap",
		.summary = "first fit over a byte a frame",
		.caps = LAB_CAP_ARENA | LAB_CAP_COALESCE | LAB_CAP_EXACT,
		.page_shift_min = 6,
		.create = adapter_create,
		.destroy = adapter_destroy,
		.alloc = adapter_alloc,
		.free = adapter_free,
		.describe = adapter_describe,
	};

	return &target;
}
