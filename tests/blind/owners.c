/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: misuse
 * rule:  R02 R01
 * found: explore stress
 *
 * A table of heads with owner and order, under a mutex; misuse is refused. The bug: an order that is too great is not.
 * What such a call frees may have a second owner before the call returns: that is R01, and as true.
 */
#include "blind.h"

#include <pthread.h>

enum state { FREE, HEAD, TAIL };

struct entry {
	lab_owner owner;
	uint8_t state, order;
};

struct table {
	const struct lab_machine *machine;
	pthread_mutex_t lock;
	uint8_t *used;
	struct entry entries[];
};

static enum lab_status table_create(const struct lab_machine *machine, void **ret_self)
{
	struct table *table = calloc(1, sizeof(*table) + machine->frame_count * (sizeof(table->entries[0]) + 1));

	if (!table)
		return LAB_SYSTEM;
	table->machine = machine;
	table->used = (uint8_t *)&table->entries[machine->frame_count];
	pthread_mutex_init(&table->lock, NULL);
	*ret_self = table;
	return LAB_OK;
}

static void table_destroy(void *self)
{
	pthread_mutex_destroy(&((struct table *)self)->lock);
	free(self);
}

static void mark(struct table *table, uint64_t frame, unsigned order, enum state head, enum state tail, lab_owner owner)
{
	for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
		table->entries[frame + i] =
			(struct entry){.owner = owner, .state = (uint8_t)(i ? tail : head), .order = (uint8_t)order};
}

static enum lab_status table_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct table *table = self;
	uint64_t frame;

	pthread_mutex_lock(&table->lock);
	frame = blind_fit(table->used, table->machine, request->gfp, request->order);
	if (frame != BLIND_NOTHING)
		mark(table, frame, request->order, HEAD, TAIL, request->owner);
	pthread_mutex_unlock(&table->lock);
	return blind_answer(table->machine, frame, ret_block);
}

static enum lab_status refuse(const struct table *table, uint64_t frame, const struct lab_request *request)
{
	const struct entry *entry = &table->entries[frame];

	if (entry->state == FREE)
		return LAB_NOT_ALLOCATED;
	if (entry->state == TAIL)
		return LAB_NOT_HEAD;
	if (entry->owner != request->owner)
		return LAB_WRONG_OWNER;
	if (BUG ? entry->order > request->order : entry->order != request->order)
		return LAB_WRONG_ORDER;
	return LAB_OK;
}

static enum lab_status table_free(void *self, void *block, const struct lab_request *request)
{
	struct table *table = self;
	const struct lab_machine *machine = table->machine;
	uint64_t frame = blind_frame(machine, block);
	enum lab_status status;

	if ((uintptr_t)block < (uintptr_t)machine->base || (uintptr_t)block % (UINT64_C(1) << machine->page_shift) ||
	    !blind_span(machine, frame))
		return LAB_BAD_ADDRESS;
	pthread_mutex_lock(&table->lock);
	status = refuse(table, frame, request);
	if (status == LAB_OK) {
		unsigned order = table->entries[frame].order;

		mark(table, frame, order, FREE, FREE, 0);
		memset(table->used + frame, 0, UINT64_C(1) << order);
	}
	pthread_mutex_unlock(&table->lock);
	return status;
}

static enum lab_status table_transfer(void *self, void *block, lab_owner from, lab_owner to)
{
	struct table *table = self;
	struct entry *entry = &table->entries[blind_frame(table->machine, block)];
	enum lab_status status = LAB_WRONG_OWNER;

	pthread_mutex_lock(&table->lock);
	if (entry->state == HEAD && entry->owner == from) {
		entry->owner = to;
		status = LAB_OK;
	}
	pthread_mutex_unlock(&table->lock);
	return status;
}

BLIND_TARGET("owners", table, LAB_CAP_ARENA | LAB_CAP_OWNERSHIP | LAB_CAP_COALESCE, .transfer = table_transfer)
