/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_MAILBOX_H
#define LAB_ENGINE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/target.h>

#include "plat/atomic.h"

/*
 * Blocks given to a context: a bounded lock-free queue for many producers and one consumer, usable from any interrupt.
 * put releases and take acquires: `give` and `take` are the only edges that the harness adds between contexts.
 */
#define LAB_MAILBOX_ROOM 64u

struct lab_parcel {
	void *block;
	struct lab_request request; /* owner: the receiver's token where the target transferred, else the giver's */
};

struct lab_mailbox_cell {
	lab_atomic64 turn;
	struct lab_parcel parcel;
};

struct lab_mailbox {
	struct lab_mailbox_cell cells[LAB_MAILBOX_ROOM];
	lab_atomic64 head, tail;
};

void lab_mailbox_init(struct lab_mailbox *mailbox);
/* As after init; costs nothing if nothing was ever put. No call may be under way. */
void lab_mailbox_reset(struct lab_mailbox *mailbox);
/* False: full, the parcel stays the caller's. Lock-free. */
bool lab_mailbox_put(struct lab_mailbox *mailbox, const struct lab_parcel *parcel);
/* False: empty. Lock-free; an interrupt may take from its host's own mailbox only between the host's operations. */
bool lab_mailbox_take(struct lab_mailbox *mailbox, struct lab_parcel *ret_parcel);

#endif
