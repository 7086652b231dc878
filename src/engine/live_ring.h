/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_RING_H
#define LAB_ENGINE_LIVE_RING_H

#include <stdio.h>

#include "engine/live.h"

/*
 * The last events of one thread, for the log of a finding. The thread and its handlers write; others read when the
 * thread has ended, or loosely when it is stuck: so the words are relaxed atomics.
 */
struct lab_live_event {
	lab_atomic64 time_ms;  /* of the run, as coarse as the supervisor's clock */
	lab_atomic64 what;     /* the operation, packed; see live_ring.c */
	lab_atomic64 argument; /* gfp of the request, or of the block that is held; value */
	lab_atomic64 block;
};

struct lab_live_ring {
	lab_atomic32 next;
	struct lab_live_event events[LAB_LIVE_EVENTS];
};

/* An operation begins; the answer is for lab_live_ring_end. Wait-free; a handler may come at any instruction. */
unsigned lab_live_ring_begin(struct lab_live_ring *ring, uint64_t time_ms, const struct lab_actor *actor,
			     const struct lab_op *op);
/* It has ended; `held` is what the slot holds now. */
void lab_live_ring_end(struct lab_live_ring *ring, unsigned event, enum lab_status status, const struct lab_held *held);

/* An event as it was written: gfp and order of an operation on a slot are those of the block that it was about. */
struct lab_live_seen {
	enum lab_context_kind kind;
	unsigned firing; /* of its handler: how many there were before it, modulo 256 */
	struct lab_op op;
	enum lab_status status; /* LAB_STATUS_COUNT: it has not ended */
	uint64_t time_ms;
	uintptr_t block; /* 0: none */
};

/* Oldest first; answers how many. */
unsigned lab_live_ring_read(const struct lab_live_ring *ring, struct lab_live_seen ret_seen[LAB_LIVE_EVENTS]);
/* One line each; the machine turns blocks into frame numbers. */
void lab_live_ring_print(const struct lab_live_ring *ring, const struct lab_machine *machine, FILE *out);

#endif
