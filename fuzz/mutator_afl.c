/* SPDX-License-Identifier: Apache-2.0 */
#include "mutator.h"

#include <stdlib.h>

/* AFL++'s custom mutator API over the same edits as libFuzzer's; its own byte mutations go on beside them. */

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *self, uint8_t *bytes, size_t count, uint8_t **out, uint8_t *other, size_t other_count,
		       size_t room);
void afl_custom_deinit(void *self);

struct afl_mutator {
	unsigned seed;
	uint8_t *bytes;
	size_t room;
};

void *afl_custom_init(void *afl, unsigned seed)
{
	struct afl_mutator *self = calloc(1, sizeof(*self));

	if (self)
		self->seed = seed;
	return self;
}

static int make_room(struct afl_mutator *self, size_t room)
{
	uint8_t *grown;

	if (room <= self->room)
		return 1;
	grown = realloc(self->bytes, room);
	if (!grown)
		return 0;
	self->bytes = grown;
	self->room = room;
	return 1;
}

/* One time in four a child of two inputs, else an edit of one; 0 bytes tell afl-fuzz to pass over this round. */
size_t afl_custom_fuzz(void *arg, uint8_t *bytes, size_t count, uint8_t **out, uint8_t *other, size_t other_count,
		       size_t room)
{
	struct afl_mutator *self = arg;
	size_t written;

	if (!make_room(self, room))
		return 0;
	self->seed++;
	if (other && other_count && self->seed % 4 == 0) {
		written = LLVMFuzzerCustomCrossOver(bytes, count, other, other_count, self->bytes, room, self->seed);
	} else {
		for (written = 0; written < count && written < room; written++)
			self->bytes[written] = bytes[written];
		written = LLVMFuzzerCustomMutator(self->bytes, written, room, self->seed);
	}
	*out = self->bytes;
	return written;
}

void afl_custom_deinit(void *arg)
{
	struct afl_mutator *self = arg;

	free(self->bytes);
	free(self);
}
