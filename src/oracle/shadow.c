/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/shadow.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

enum lab_status lab_shadow_init(struct lab_shadow *shadow, const struct lab_machine *machine, bool arena)
{
	*shadow = (struct lab_shadow){.machine = machine};
	if (!arena)
		return lab_pagemap_create(machine->frame_count, &shadow->map);
	shadow->cells = calloc(machine->frame_count + 1, sizeof(*shadow->cells));
	return shadow->cells ? LAB_OK : LAB_SYSTEM;
}

void lab_shadow_fini(struct lab_shadow *shadow)
{
	if (shadow->map)
		lab_pagemap_destroy(shadow->map);
	free(shadow->cells);
}

void lab_shadow_clear(struct lab_shadow *shadow)
{
	if (shadow->map) {
		lab_pagemap_clear(shadow->map);
		return;
	}
	memset((void *)shadow->cells, 0, shadow->machine->frame_count * sizeof(*shadow->cells)); /* nobody else looks */
}

static uint64_t offset_of(const struct lab_shadow *shadow, const void *address)
{
	return (uint64_t)((uintptr_t)address - (shadow->map ? 0 : (uintptr_t)shadow->machine->base));
}

uint64_t lab_shadow_frame(const struct lab_shadow *shadow, const void *address)
{
	return offset_of(shadow, address) >> shadow->machine->page_shift;
}

bool lab_shadow_is_frame_aligned(const struct lab_shadow *shadow, const void *address)
{
	return !(offset_of(shadow, address) & lab_bits_low(shadow->machine->page_shift));
}

void *lab_shadow_page(const struct lab_shadow *shadow, void *block, uint64_t idx)
{
	return (char *)block + (idx << shadow->machine->page_shift);
}

size_t lab_shadow_page_bytes(const struct lab_shadow *shadow)
{
	return (size_t)1 << shadow->machine->page_shift;
}

struct lab_cell *lab_shadow_find(const struct lab_shadow *shadow, uint64_t frame)
{
	if (shadow->map)
		return lab_pagemap_find(shadow->map, frame);
	return frame < shadow->machine->frame_count ? &shadow->cells[frame] : NULL;
}

struct lab_cell *lab_shadow_add(const struct lab_shadow *shadow, uint64_t frame)
{
	if (shadow->map)
		return lab_pagemap_add(shadow->map, frame);
	return lab_shadow_find(shadow, frame);
}
