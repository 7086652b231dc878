/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/memory_own.h"

#include <string.h>

#include "base/bits.h"

/* Which words have a history, and their stores. */

uint64_t lab_memory_value(const void *object, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, object, LAB_MIN(bytes, sizeof(value)));
	return value;
}

/* NULL: it has none, and with `make`, no room is left. */
static struct lab_memory_cell *find_cell(struct lab_memory *memory, uintptr_t at, bool make)
{
	for (unsigned i = 0; i < LAB_MEMORY_CELLS / 4; i++) {
		struct lab_memory_cell *cell = &memory->cells[((at ^ at >> 9) + i) % LAB_MEMORY_CELLS];

		if (cell->meeting == memory->meeting && cell->at == at)
			return cell;
		if (cell->meeting == memory->meeting)
			continue;
		if (!make)
			return NULL;
		*cell = (struct lab_memory_cell){.meeting = memory->meeting, .at = at};
		memset(cell->words, 0xff, sizeof(cell->words));
		return cell;
	}
	return NULL;
}

static struct lab_memory_word *beyond(struct lab_memory *memory)
{
	struct lab_memory_word *word = &memory->words[LAB_MEMORY_WORDS];

	word->flat = true;
	word->count = 1;
	return word;
}

static struct lab_memory_word *make_word(struct lab_memory *memory, uint16_t *index, bool flat, uint64_t value)
{
	struct lab_memory_word *word;

	if (memory->word_count == LAB_MEMORY_WORDS)
		return beyond(memory);
	*index = (uint16_t)memory->word_count;
	word = &memory->words[memory->word_count++];
	word->flat = flat;
	word->newest = 0;
	word->count = 1;
	word->heads = 0;
	memset(word->stale, 0, sizeof(word->stale));
	memset(word->late, 0, sizeof(word->late));
	word->pushed = 0;
	memset(&word->ring[0], 0, sizeof(word->ring[0]));
	word->ring[0].value = value;
	return word;
}

static void make_flat(struct lab_memory *memory, struct lab_memory_word *word)
{
	struct lab_memory_entry *newest = lab_memory_entry(word, 0);

	for (unsigned older = 1; older < word->count; older++)
		lab_memory_join(memory, &newest->passes, &lab_memory_entry(word, older)->passes);
	word->flat = true;
	word->count = 1;
}

/* From here on one flat word stands for all of the cell, with what any of its words passed on. */
static struct lab_memory_word *mix(struct lab_memory *memory, struct lab_memory_cell *cell)
{
	struct lab_memory_word *one;
	uint16_t first = LAB_MEMORY_NONE;

	if (cell->mixed && cell->words[0] != LAB_MEMORY_NONE)
		return &memory->words[cell->words[0]];
	one = make_word(memory, &first, true, 0);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(cell->words); i++) {
		struct lab_memory_word *word;

		if (cell->words[i] == LAB_MEMORY_NONE)
			continue;
		word = &memory->words[cell->words[i]];
		make_flat(memory, word);
		lab_memory_join(memory, &lab_memory_entry(one, 0)->passes, &lab_memory_entry(word, 0)->passes);
	}
	cell->mixed = true;
	cell->words[0] = first;
	return one;
}

/* The object was written by somebody who told nobody: what it holds is known to all. */
static void settle(struct lab_memory *memory, struct lab_memory_word *word, uint64_t value)
{
	struct lab_memory_entry *newest = lab_memory_entry(word, 0);

	if (word->flat || newest->value == value) {
		newest->open = false;
		return;
	}
	if (!newest->open) {
		make_flat(memory, word);
		word->flat = false;
		newest->number = 0;
	}
	newest->open = false;
	newest->value = value;
}

struct lab_memory_word *lab_memory_word(struct lab_memory *memory, const struct lab_memory_access *access, bool make)
{
	uintptr_t at = (uintptr_t)access->object;
	size_t offset = at % sizeof(uint64_t);
	struct lab_memory_cell *cell = find_cell(memory, at / sizeof(uint64_t), make);
	uint64_t value = lab_memory_value(access->object, access->bytes);
	struct lab_memory_word *word;

	if (!cell)
		return make || memory->word_count == LAB_MEMORY_WORDS ? beyond(memory) : NULL;
	if (access->newest_only || cell->mixed || at % access->bytes || access->bytes > sizeof(value) ||
	    (cell->bytes && cell->bytes != access->bytes))
		return mix(memory, cell);
	cell->bytes = (uint8_t)access->bytes;
	if (cell->words[offset] == LAB_MEMORY_NONE) {
		if (make)
			return make_word(memory, &cell->words[offset], false, value);
		return memory->word_count == LAB_MEMORY_WORDS ? beyond(memory) : NULL;
	}
	word = &memory->words[cell->words[offset]];
	settle(memory, word, value);
	return word;
}

struct lab_memory_entry *lab_memory_push(struct lab_memory *memory, struct lab_memory_word *word, uint64_t value)
{
	struct lab_memory_entry *entry;

	word->pushed++;
	word->newest = (word->newest + 1) % LAB_MEMORY_DEPTH;
	word->count = LAB_MIN(word->count + 1, LAB_MEMORY_DEPTH);
	entry = lab_memory_entry(word, 0);
	memset(entry, 0, sizeof(*entry));
	entry->value = value;
	return entry;
}

void lab_memory_each(struct lab_memory *memory, const void *address, size_t bytes,
		     void (*what)(struct lab_memory *memory, struct lab_memory_word *word, const void *at, size_t bytes,
				  unsigned cpu),
		     unsigned cpu)
{
	uintptr_t first = (uintptr_t)address, end = first + bytes;

	for (uintptr_t at = first / sizeof(uint64_t); memory->word_count && at * sizeof(uint64_t) < end; at++) {
		struct lab_memory_cell *cell = find_cell(memory, at, false);

		if (!cell || !cell->bytes)
			continue;
		for (size_t offset = 0; !cell->mixed && offset < sizeof(uint64_t); offset += cell->bytes) {
			uintptr_t start = at * sizeof(uint64_t) + offset;

			if (cell->words[offset] == LAB_MEMORY_NONE || start + cell->bytes <= first || start >= end)
				continue;
			if (start < first || start + cell->bytes > end)
				(void)mix(memory, cell);
			else
				what(memory, &memory->words[cell->words[offset]], (const void *)start, cell->bytes,
				     cpu);
		}
	}
}
