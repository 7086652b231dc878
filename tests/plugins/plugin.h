/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_H
#define TESTS_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <labyrinth/target.h>

/* What the small allocators here have in common: a byte a frame, first fit. BUG, from the build, plants one. */
#ifndef BUG
#define BUG 0
#endif

static inline size_t plugin_frame_of(const struct lab_machine *machine, const void *block)
{
	return (size_t)((const char *)block - (const char *)machine->base) >> machine->page_shift;
}

static inline void *plugin_block_of(const struct lab_machine *machine, size_t frame)
{
	return (char *)machine->base + (frame << machine->page_shift);
}

static inline int plugin_is_free(const unsigned char *used, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (used[first + i])
			return 0;
	return 1;
}

/* The first frame of a block that fits the request, now marked as used; or SIZE_MAX. */
static inline size_t plugin_take(const struct lab_machine *machine, unsigned char *used, lab_gfp gfp, unsigned order)
{
	size_t count = (size_t)1 << order;

	for (size_t i = machine->span_count; i-- > 0;) {
		const struct lab_span *span = &machine->spans[i];
		size_t at = (span->first_frame + count - 1) / count * count;

		if (gfp & LAB_GFP_DMA && span->zone != LAB_ZONE_DMA)
			continue;
		for (; at + count <= span->first_frame + span->frame_count; at += count)
			if (plugin_is_free(used, at, count)) {
				memset(used + at, 1, count);
				return at;
			}
	}
	return SIZE_MAX;
}

#endif
