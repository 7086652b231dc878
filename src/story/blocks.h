/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_BLOCKS_H
#define LAB_STORY_BLOCKS_H

#include "story/rows.h"

/* Which block is in which slot, and what people call it: its frames, or outside an arena "block #2". */
struct lab_blocks {
	const struct lab_rows_of *of;
	struct lab_blocks_held {
		uint64_t frame; /* UINT64_MAX: none */
		unsigned order;
	} *slots;          /* LAB_SLOT_COUNT of each context */
	uint64_t *numbers; /* of blocks outside the arena, in the order in which they were seen */
	size_t count, room;
};

/* False: no memory. Initialise to zeroes; give back with lab_blocks_free in any case. */
bool lab_blocks_init(struct lab_blocks *blocks, const struct lab_rows_of *of);
void lab_blocks_free(struct lab_blocks *blocks);

/* An operation ended: tells its result ("frame 5", "no-memory"), and true if it took or freed the finding's block. */
bool lab_blocks_note(struct lab_blocks *blocks, unsigned context, const struct lab_op *op, enum lab_status status,
		     uint64_t frame, char *text, size_t room);
/* "frame 5": what an operation that a finding cut short was about to get; false if it does not take any. */
bool lab_blocks_got(struct lab_blocks *blocks, const struct lab_op *op, const struct lab_finding *finding, char *text,
		    size_t room);

#endif
