/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: ordering
 * rule:  R11
 * found: race mode
 * wild:  what Linux's rcu_assign_pointer exists for (Documentation/RCU/checklist.rst)
 *
 * 1. What is known of 64 frames (where they begin, how many there are) is put into a table when the first of them is
 *    asked for. Who comes first makes it, fills it and publishes it by a swap of a pointer.
 * 2. The swap is relaxed: nothing orders the filling before it.
 * 3. Another CPU sees the pointer and goes by a table that, on a weakly ordered machine, is not filled yet: frames out
 *    of nowhere. No order of steps shows it, since in each of them the filling comes first.
 */
#include <stdlib.h>

#include <labyrinth/target.h>

#include "base/bits.h"
#include "plat/atomic.h"

#define WORD_FRAMES 64u

struct table {
	uint64_t first_frame, frame_count;
};

/* Single frames of the first span: a bit each, set while it is free. */
struct lazy {
	const struct lab_machine *machine;
	uint64_t word_count;
	struct part {
		lab_atomic64 free, table;
	} parts[];
};

static enum lab_status lazy_create(const struct lab_machine *machine, void **ret_self)
{
	const struct lab_span *span = &machine->spans[0];
	uint64_t word_count = (span->frame_count + WORD_FRAMES - 1) / WORD_FRAMES;
	struct lazy *lazy = calloc(1, sizeof(*lazy) + word_count * sizeof(lazy->parts[0]));

	if (!lazy)
		return LAB_SYSTEM;
	lazy->machine = machine;
	lazy->word_count = word_count;
	for (uint64_t i = 0; i < word_count; i++)
		/* relaxed: nobody else has it yet */
		lab_store_relaxed(
			&lazy->parts[i].free,
			lab_bits_low((unsigned)LAB_MIN(span->frame_count - i * WORD_FRAMES, (uint64_t)WORD_FRAMES)));
	*ret_self = lazy;
	return LAB_OK;
}

static void lazy_destroy(void *self)
{
	struct lazy *lazy = self;

	for (uint64_t i = 0; i < lazy->word_count; i++)
		free((void *)(uintptr_t)lab_load_relaxed(&lazy->parts[i].table)); /* nobody else has it any more */
	free(lazy);
}

/* The table of a part, made if there is none. NULL: no memory. */
static const struct table *table_of(const struct lazy *lazy, struct part *part)
{
	const struct lab_span *span = &lazy->machine->spans[0];
	uint64_t there = lab_load_acquire(&part->table); /* takes what the swap below releases, if it did */
	struct table *made;

	if (there)
		return (const struct table *)(uintptr_t)there;
	made = malloc(sizeof(*made));
	if (!made)
		return NULL;
	made->first_frame = span->first_frame + (uint64_t)(part - lazy->parts) * WORD_FRAMES;
	made->frame_count = LAB_MIN(span->first_frame + span->frame_count - made->first_frame, (uint64_t)WORD_FRAMES);
	if (lab_cas_relaxed(&part->table, &there, (uint64_t)(uintptr_t)made)) /* the bug: has to release */
		return made;
	free(made);
	return (const struct table *)(uintptr_t)lab_load_acquire(&part->table); /* as above */
}

static enum lab_status take(const struct lazy *lazy, struct part *part, void **ret_block)
{
	uint64_t seen = lab_load_relaxed(&part->free); /* the swap below compares it */
	const struct table *table = seen ? table_of(lazy, part) : NULL;

	while (table && seen) {
		unsigned bit = lab_bits_first(seen);

		if (bit >= table->frame_count)
			return LAB_NO_MEMORY;
		/* Takes the frame's content from who freed it. */
		if (lab_cas_acquire(&part->free, &seen, seen & (seen - 1))) {
			*ret_block =
				(char *)lazy->machine->base + ((table->first_frame + bit) << lazy->machine->page_shift);
			return LAB_OK;
		}
	}
	return LAB_NO_MEMORY;
}

static enum lab_status lazy_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lazy *lazy = self;

	if (request->order || (request->gfp & LAB_GFP_DMA && lazy->machine->spans[0].zone != LAB_ZONE_DMA))
		return LAB_NO_MEMORY;
	for (uint64_t i = 0; i < lazy->word_count; i++)
		if (take(lazy, &lazy->parts[i], ret_block) == LAB_OK)
			return LAB_OK;
	return LAB_NO_MEMORY;
}

static enum lab_status lazy_free(void *self, void *block, const struct lab_request *request)
{
	struct lazy *lazy = self;
	uint64_t frame = (uint64_t)((char *)block - (char *)lazy->machine->base) >> lazy->machine->page_shift;
	uint64_t at = frame - lazy->machine->spans[0].first_frame;

	/* Publishes the frame's content to who takes it. */
	lab_fetch_or_release(&lazy->parts[at / WORD_FRAMES].free, UINT64_C(1) << at % WORD_FRAMES);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "r11-early-table",
		.summary = "a table that is published before it is sure to be filled",
		.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = lazy_create,
		.destroy = lazy_destroy,
		.alloc = lazy_alloc,
		.free = lazy_free,
		.page_shift_min = 6,
	};

	return &target;
}
