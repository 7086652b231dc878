/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mailbox.h"

#include "plat/race.h"

/*
 * D. Vyukov's bounded queue. A cell's turn tells whose it is: at position p a producer may fill it when turn == p, a
 * consumer may empty it when turn == p + 1, after which turn is p + ROOM.
 *
 * An interrupt may come between a claim (the compare-and-swap) and its publication (the store of turn) and use the same
 * mailbox: it must not wait for what it interrupted. It does not: a put that meets a cell whose consumer has not let
 * go answers full, a take that meets a cell whose producer has not published answers empty.
 */

static struct lab_mailbox_cell *cell_at(struct lab_mailbox *mailbox, uint64_t position)
{
	return &mailbox->cells[position % LAB_MAILBOX_ROOM];
}

void lab_mailbox_init(struct lab_mailbox *mailbox)
{
	/* relaxed: nobody else has the mailbox before its actor is handed to an engine's threads */
	for (uint64_t i = 0; i < LAB_MAILBOX_ROOM; i++)
		lab_store_relaxed(&mailbox->cells[i].turn, i);
	lab_store_relaxed(&mailbox->head, 0);
	lab_store_relaxed(&mailbox->tail, 0);
}

void lab_mailbox_reset(struct lab_mailbox *mailbox)
{
	/* relaxed: as above */
	if (lab_load_relaxed(&mailbox->head) || lab_load_relaxed(&mailbox->tail))
		lab_mailbox_init(mailbox);
}

/*
 * Claims a position of head or tail whose cell has turn == position + ready. False: the cell is not ready. What the
 * cell's acquire takes is said at the two callers.
 */
static bool claim(struct lab_mailbox *mailbox, lab_atomic64 *end, uint64_t ready, uint64_t *ret_position)
{
	/* relaxed: a guess, which the compare-and-swap below confirms */
	uint64_t position = lab_load_relaxed(end);

	for (;;) {
		/* acquire: takes the release of turn by whoever used the cell before, see put and take */
		uint64_t turn = lab_load_acquire(&cell_at(mailbox, position)->turn);
		int64_t lead = (int64_t)(turn - (position + ready));

		if (lead < 0)
			return false;
		if (lead > 0) { /* another was faster; relaxed: again a guess */
			position = lab_load_relaxed(end);
			continue;
		}
		/* relaxed: the claim orders nothing, the cell's turn does */
		if (lab_cas_relaxed(end, &position, position + 1)) {
			*ret_position = position;
			return true;
		}
	}
}

bool lab_mailbox_put(struct lab_mailbox *mailbox, const struct lab_parcel *parcel)
{
	uint64_t position;

	/* claim's acquire takes the last consumer's release in take: its reading of the cell is over */
	if (!claim(mailbox, &mailbox->tail, 0, &position))
		return false;
	cell_at(mailbox, position)->parcel = *parcel;
	lab_race_release(
		&cell_at(mailbox, position)->turn); /* what the next store says, to who sees no atomics of ours */
	/* release: publishes the parcel and the giver's writes to the block, to the acquire of take */
	lab_store_release(&cell_at(mailbox, position)->turn, position + 1);
	return true;
}

bool lab_mailbox_take(struct lab_mailbox *mailbox, struct lab_parcel *ret_parcel)
{
	uint64_t position;

	/* claim's acquire takes the parcel and the block's contents, published by the release of put */
	if (!claim(mailbox, &mailbox->head, 1, &position))
		return false;
	lab_race_acquire(&cell_at(mailbox, position)->turn); /* what the claim said */
	*ret_parcel = cell_at(mailbox, position)->parcel;
	/* release: gives the cell, which is read, to the acquire of a later put */
	lab_store_release(&cell_at(mailbox, position)->turn, position + LAB_MAILBOX_ROOM);
	return true;
}
