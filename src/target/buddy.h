/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_BUDDY_H
#define LAB_TARGET_BUDDY_H

#include <stdbool.h>

#include <labyrinth/target.h>

/*
 * The plainest buddy allocator over a maze of spans: free blocks in one list for each zone and order, split in halves
 * when taken, merged with their other half when given back. It knows nothing of locks, owners and watermarks; the
 * caller makes calls one at a time.
 */
enum lab_buddy_state {
	LAB_BUDDY_HOLE, /* or of a span that is gone */
	LAB_BUDDY_FREE_HEAD,
	LAB_BUDDY_FREE_BODY,
	LAB_BUDDY_USED_HEAD,
	LAB_BUDDY_USED_BODY,
};

struct lab_buddy_frame {
	uint64_t next, prev; /* neighbours in the free list of a FREE_HEAD */
	uint32_t span;       /* index of the span that the frame lies in */
	uint8_t state;       /* enum lab_buddy_state */
	uint8_t order;       /* of the block, in its head */
};

struct lab_buddy {
	const struct lab_machine *machine;
	struct lab_buddy_frame *frames;
	uint64_t first[LAB_ZONE_COUNT][LAB_ORDER_MAX + 1]; /* heads of the free lists */
	uint64_t free_frames[LAB_ZONE_COUNT];
};

/* Everything free. The machine must outlive it. LAB_SYSTEM: no memory for the tables. May sleep. */
LAB_MUST_USE enum lab_status lab_buddy_init(struct lab_buddy *buddy, const struct lab_machine *machine);
void lab_buddy_fini(struct lab_buddy *buddy);

/* Takes a block of 2^order frames, aligned to its size and inside one span of the zone. False: there is none. */
bool lab_buddy_take(struct lab_buddy *buddy, enum lab_zone zone, unsigned order, uint64_t *ret_frame);

/* Gives a taken block back and merges it as far as its span allows. */
void lab_buddy_give(struct lab_buddy *buddy, uint64_t frame);

/*
 * A span goes, or comes: LAB_OK. LAB_UNCHANGED: it is gone, or there. LAB_BUSY: a frame of it is in use; LAB_NO_MEMORY:
 * its zone would have less than its high mark free; LAB_INVALID: no such span.
 */
LAB_MUST_USE enum lab_status lab_buddy_remove_span(struct lab_buddy *buddy, unsigned span_idx,
						   const struct lab_zone_marks *marks);
LAB_MUST_USE enum lab_status lab_buddy_add_span(struct lab_buddy *buddy, unsigned span_idx);

/* Recounts everything from the frames' states and compares: true when lists, counts and merges agree. */
bool lab_buddy_check(const struct lab_buddy *buddy);

/* As the table's describe, for what the buddy itself keeps. */
enum lab_word lab_buddy_describe(const struct lab_buddy *buddy, const void *address, char *text, size_t room);

#endif
