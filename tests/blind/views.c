/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: exclusive views
 * rule:  R15
 * found: explore
 *
 * First fit under a mutex, and a count of views for each block. The bug: great blocks come by another path, which does
 * not note that they are exclusive.
 */
#include "blind.h"

#include <pthread.h>

struct entry {
	lab_owner owner;
	uint32_t views;
	bool exclusive;
};

struct book {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	uint8_t *used;
	struct entry entries[];
};

static enum lab_status book_create(const struct lab_machine *machine, void **ret_self)
{
	struct book *book = calloc(1, sizeof(*book) + machine->frame_count * (sizeof(book->entries[0]) + 1));

	if (!book)
		return LAB_SYSTEM;
	book->machine = machine;
	book->used = (uint8_t *)&book->entries[machine->frame_count];
	pthread_mutex_init(&book->lock, NULL);
	*ret_self = book;
	return LAB_OK;
}

static void book_destroy(void *self)
{
	pthread_mutex_destroy(&((struct book *)self)->lock);
	free(self);
}

static enum lab_status book_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct book *book = self;
	uint64_t frame;

	pthread_mutex_lock(&book->lock);
	frame = blind_fit(book->used, book->machine, request->gfp, request->order);
	if (frame != BLIND_NOTHING) {
		book->entries[frame].owner = request->owner;
		book->entries[frame].views = 0;
		book->entries[frame].exclusive = request->gfp & LAB_GFP_EXCLUSIVE && !(BUG && request->order > 1);
	}
	pthread_mutex_unlock(&book->lock);
	return blind_answer(book->machine, frame, ret_block);
}

static enum lab_status book_free(void *self, void *block, const struct lab_request *request)
{
	struct book *book = self;
	uint64_t frame = blind_frame(book->machine, block);

	pthread_mutex_lock(&book->lock);
	memset(book->used + frame, 0, UINT64_C(1) << request->order);
	pthread_mutex_unlock(&book->lock);
	return LAB_OK;
}

static enum lab_status book_map(void *self, void *block, lab_owner owner)
{
	struct book *book = self;
	struct entry *entry = &book->entries[blind_frame(book->machine, block)];
	enum lab_status status = LAB_OK;

	pthread_mutex_lock(&book->lock);
	if (entry->exclusive && entry->views)
		status = LAB_BUSY;
	else if (entry->owner != owner)
		status = LAB_WRONG_OWNER;
	else
		entry->views++;
	pthread_mutex_unlock(&book->lock);
	return status;
}

static enum lab_status book_unmap(void *self, void *block, lab_owner owner)
{
	struct book *book = self;
	struct entry *entry = &book->entries[blind_frame(book->machine, block)];
	enum lab_status status = LAB_OK;

	pthread_mutex_lock(&book->lock);
	if (entry->owner != owner)
		status = LAB_WRONG_OWNER;
	else if (!entry->views)
		status = LAB_NOT_MAPPED;
	else
		entry->views--;
	pthread_mutex_unlock(&book->lock);
	return status;
}

BLIND_TARGET("views", book, LAB_CAP_ARENA | LAB_CAP_EXCLUSIVE_MAP | LAB_CAP_COALESCE, .map = book_map,
	     .unmap = book_unmap)
