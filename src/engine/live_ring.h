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
	lab_atomic64 argument; /* gfp or value */
	lab_atomic64 block;
};

struct lab_live_ring {
	lab_atomic32 next;
	struct lab_live_event events[LAB_LIVE_EVENTS];
};

/* An operation begins; the answer is for lab_live_ring_end. Wait-free; a handler may come at any instruction. */
unsigned lab_live_ring_begin(struct lab_live_ring *ring, uint64_t time_ms, const struct lab_actor *actor,
			     const struct lab_op *op);
/* It has ended; `block` is what it was about, or NULL. */
void lab_live_ring_end(struct lab_live_ring *ring, unsigned event, enum lab_status status, const void *block);

/* Oldest first, one line each; `base` and `page_shift` turn blocks into frame numbers. */
void lab_live_ring_print(const struct lab_live_ring *ring, const struct lab_machine *machine, FILE *out);

#endif
