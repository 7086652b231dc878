/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/coherence.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

#define WORDS       (LAB_COHERENCE_LINE / sizeof(uint64_t))
#define FIRST_LINES 1024u

struct line {
	uintptr_t number; /* its address / 64, + 1; 0: the place is free */
	uint64_t copies;  /* CPUs that have one, 1 << cpu */
	uint64_t touched[WORDS];
	uint32_t notes[WORDS];
	bool written;
};

/* Open addressing, at most half full. */
struct lab_coherence {
	struct line *lines;
	size_t count, room;
};

struct lab_coherence *lab_coherence_create(void)
{
	struct lab_coherence *coherence = calloc(1, sizeof(*coherence));

	lab_assert(coherence);
	coherence->room = FIRST_LINES;
	coherence->lines = calloc(coherence->room, sizeof(coherence->lines[0]));
	lab_assert(coherence->lines);
	return coherence;
}

void lab_coherence_destroy(struct lab_coherence *coherence)
{
	free(coherence->lines);
	free(coherence);
}

static struct line *place_of(struct line *lines, size_t room, uintptr_t number)
{
	size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (room - 1);

	while (lines[at].number && lines[at].number != number)
		at = (at + 1) & (room - 1);
	return &lines[at];
}

static void grow(struct lab_coherence *coherence)
{
	size_t room = coherence->room * 2;
	struct line *lines = calloc(room, sizeof(lines[0]));

	lab_assert(lines);
	for (size_t i = 0; i < coherence->room; i++)
		if (coherence->lines[i].number)
			*place_of(lines, room, coherence->lines[i].number) = coherence->lines[i];
	free(coherence->lines);
	coherence->lines = lines;
	coherence->room = room;
}

static struct line *line_at(struct lab_coherence *coherence, uintptr_t address)
{
	uintptr_t number = address / LAB_COHERENCE_LINE + 1;
	struct line *line = place_of(coherence->lines, coherence->room, number);

	if (line->number)
		return line;
	if (++coherence->count > coherence->room / 2) {
		grow(coherence);
		line = place_of(coherence->lines, coherence->room, number);
	}
	line->number = number;
	return line;
}

struct lab_coherence_move lab_coherence_touch(struct lab_coherence *coherence, unsigned cpu, uintptr_t address,
					      bool write)
{
	struct line *line = line_at(coherence, address);
	unsigned word = address % LAB_COHERENCE_LINE / sizeof(uint64_t);
	uint64_t self = UINT64_C(1) << cpu, others = line->copies & ~self;
	struct lab_coherence_move move = {.ret_note = &line->notes[word]};

	lab_assert_cmp(cpu, <, LAB_COHERENCE_CPUS);
	move.moved = others && (write || (line->written && !(line->copies & self)));
	move.neighbour = move.moved && !(line->touched[word] & ~self);
	line->copies = write ? self : line->copies | self;
	line->written |= write;
	line->touched[word] |= self;
	return move;
}

bool lab_coherence_is_shared(struct lab_coherence *coherence, uintptr_t address)
{
	const struct line *line = line_at(coherence, address);
	uint64_t touched = 0;

	for (unsigned word = 0; word < WORDS; word++)
		touched |= line->touched[word];
	return touched && !lab_bits_is_pow2(touched);
}
