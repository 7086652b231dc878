/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/memory_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static bool acquires(int order)
{
	return order == __ATOMIC_CONSUME || order == __ATOMIC_ACQUIRE || order >= __ATOMIC_ACQ_REL;
}

static bool releases(int order)
{
	return order >= __ATOMIC_RELEASE;
}

static bool is_total(int order)
{
	return order == __ATOMIC_SEQ_CST;
}

static bool is_none(const struct lab_memory *memory, const struct lab_memory_clock *clock)
{
	for (unsigned i = 0; i < memory->cpu_count; i++)
		if (clock->of[i])
			return false;
	return true;
}

struct lab_memory *lab_memory_create(void)
{
	return calloc(1, sizeof(struct lab_memory));
}

void lab_memory_destroy(struct lab_memory *memory)
{
	free(memory);
}

void lab_memory_meet(struct lab_memory *memory, unsigned cpu_count)
{
	lab_assert_cmp(cpu_count, <=, LAB_CPU_MAX);
	memory->meeting++;
	memory->cpu_count = cpu_count;
	memory->word_count = memory->tag_count = 0;
	memory->total = memory->fence_total = 0;
	for (unsigned i = 0; i < cpu_count; i++) {
		memset(&memory->now[i], 0, sizeof(memory->now[i]));
		memset(&memory->released[i], 0, sizeof(memory->released[i]));
		memset(&memory->seen[i], 0, sizeof(memory->seen[i]));
	}
	memset(&memory->fences, 0, sizeof(memory->fences));
	memset(&memory->tag_clocks[LAB_MEMORY_TAGS], 0, sizeof(memory->tag_clocks[0]));
	memset(&memory->words[LAB_MEMORY_WORDS], 0, sizeof(memory->words[0]));
}

/* The number of an event of the CPU's. */
static uint32_t next_number(struct lab_memory *memory, unsigned cpu)
{
	return ++memory->now[cpu].of[cpu];
}

/* Whether the load cannot read anything older than this. */
static bool is_known(const struct lab_memory *memory, const struct lab_memory_entry *entry,
		     const struct lab_memory_access *load)
{
	const struct lab_memory_clock *now = &memory->now[load->cpu];

	if (entry->number <= now->of[entry->cpu])
		return true;
	for (unsigned i = 0; i < memory->cpu_count; i++)
		if (entry->read[i] && entry->read[i] <= now->of[i])
			return true;
	/* a fence comes before the load, by whomever: stricter than 7.17.3p9, which asks for one of its own */
	if (entry->total && entry->total <= memory->fence_total)
		return true;
	return is_total(load->order) && (entry->total || entry->number <= memory->fences.of[entry->cpu]);
}

unsigned lab_memory_choices(struct lab_memory *memory, const struct lab_memory_access *load)
{
	struct lab_memory_word *word = lab_memory_word(memory, load, false);
	unsigned older = 0;

	if (!word || word->flat || word->stale[load->cpu] == LAB_MEMORY_STALE)
		return 0;
	while (older + 1 < word->count && !is_known(memory, lab_memory_entry(word, older), load))
		older++;
	return older;
}

unsigned lab_memory_usual(struct lab_memory *memory, const struct lab_memory_access *load, unsigned most)
{
	struct lab_memory_word *word = most ? lab_memory_word(memory, load, false) : NULL;
	unsigned older = word && word->late[load->cpu] ? word->pushed + 1 - word->late[load->cpu] : 0;

	return older <= most ? older : most;
}

/* Reads the entry as an event of the CPU's that was counted. */
static void take(struct lab_memory *memory, struct lab_memory_entry *entry, const struct lab_memory_access *access,
		 uint32_t number)
{
	if (!entry->read[access->cpu])
		entry->read[access->cpu] = number;
	if (is_total(access->order) && !entry->total)
		entry->total = ++memory->total;
	lab_memory_join(memory, acquires(access->order) ? &memory->now[access->cpu] : &memory->seen[access->cpu],
			&entry->passes);
}

struct lab_memory_store lab_memory_load(struct lab_memory *memory, const struct lab_memory_access *load, unsigned older)
{
	struct lab_memory_word *word = lab_memory_word(memory, load, false);
	struct lab_memory_entry *entry;

	if (!word)
		return (struct lab_memory_store){.value = lab_memory_value(load->object, load->bytes)};
	lab_assert_cmp(older, <, word->count);
	entry = lab_memory_entry(word, older);
	word->stale[load->cpu] += older != 0;
	word->late[load->cpu] = older ? word->pushed - older + 1 : 0;
	take(memory, entry, load, next_number(memory, load->cpu));
	/* The newest is what the object holds: one that is flat stands for others as well. */
	return (struct lab_memory_store){older ? entry->value : lab_memory_value(load->object, load->bytes),
					 entry->code, entry->context};
}

/* What it passes on of its own. False: nothing. */
static bool release_into(struct lab_memory *memory, struct lab_memory_entry *entry,
			 const struct lab_memory_access *access)
{
	lab_memory_join(memory, &entry->passes, &memory->released[access->cpu]);
	if (releases(access->order))
		lab_memory_join(memory, &entry->passes, &memory->now[access->cpu]);
	return releases(access->order) || !is_none(memory, &memory->released[access->cpu]);
}

static void sign(struct lab_memory *memory, struct lab_memory_entry *entry, const struct lab_memory_access *access,
		 uint32_t number)
{
	entry->cpu = access->cpu;
	entry->context = access->context;
	entry->code = access->code;
	entry->number = number;
	if (is_total(access->order))
		entry->total = ++memory->total;
}

void lab_memory_store(struct lab_memory *memory, const struct lab_memory_access *store, uint64_t value)
{
	struct lab_memory_word *word = lab_memory_word(memory, store, true);
	uint64_t own = UINT64_C(1) << store->cpu;
	struct lab_memory_entry *before = lab_memory_entry(word, 0), *entry = before;
	uint32_t number = next_number(memory, store->cpu);
	bool goes_on = word->heads & own; /* C11: whoever began a release sequence continues it by any store */

	if (!word->flat) {
		entry = lab_memory_push(memory, word, value);
		sign(memory, entry, store, number);
		if (goes_on)
			lab_memory_join(memory, &entry->passes, &before->passes);
	}
	word->heads = release_into(memory, entry, store) || goes_on ? own : 0;
}

void lab_memory_update(struct lab_memory *memory, const struct lab_memory_access *update)
{
	struct lab_memory_word *word = lab_memory_word(memory, update, true);
	struct lab_memory_entry *from = lab_memory_entry(word, 0), *entry = from;
	uint32_t number = next_number(memory, update->cpu);

	take(memory, from, update, number);
	if (!word->flat) {
		entry = lab_memory_push(memory, word, 0);
		entry->open = true;
		sign(memory, entry, update, number);
		lab_memory_join(memory, &entry->passes, &from->passes);
	}
	if (release_into(memory, entry, update))
		word->heads |= UINT64_C(1) << update->cpu;
}

void lab_memory_fence(struct lab_memory *memory, unsigned cpu, int order)
{
	(void)next_number(memory, cpu);
	if (acquires(order))
		lab_memory_join(memory, &memory->now[cpu], &memory->seen[cpu]);
	if (is_total(order)) {
		lab_memory_join(memory, &memory->now[cpu], &memory->fences);
		lab_memory_join(memory, &memory->fences, &memory->now[cpu]);
		memory->fence_total = ++memory->total;
	}
	if (releases(order))
		lab_memory_copy(memory, &memory->released[cpu], &memory->now[cpu]);
}

static void write_plain(struct lab_memory *memory, struct lab_memory_word *word, const void *at, size_t bytes,
			unsigned cpu)
{
	struct lab_memory_access access = {.cpu = cpu, .order = __ATOMIC_RELAXED, .object = at, .bytes = bytes};

	lab_memory_store(memory, &access, 0);
	lab_memory_entry(word, 0)->open = true;
}

void lab_memory_plain(struct lab_memory *memory, unsigned cpu, const void *address, size_t bytes)
{
	lab_memory_each(memory, address, bytes, write_plain, cpu);
}

static void drop_stores(struct lab_memory *memory, struct lab_memory_word *word, const void *at, size_t bytes,
			unsigned cpu)
{
	struct lab_memory_entry *newest = lab_memory_entry(word, 0);

	newest->value = lab_memory_value(at, bytes);
	newest->number = 0;
	newest->open = true;
	word->count = 1;
}

void lab_memory_forget(struct lab_memory *memory, const void *address, size_t bytes)
{
	lab_memory_each(memory, address, bytes, drop_stores, 0);
}

static struct lab_memory_clock *tag_clock(struct lab_memory *memory, const void *tag)
{
	unsigned i = 0;

	while (i < memory->tag_count && memory->tags[i] != tag)
		i++;
	if (i == memory->tag_count && i < LAB_MEMORY_TAGS) {
		memory->tags[memory->tag_count++] = tag;
		memset(&memory->tag_clocks[i], 0, sizeof(memory->tag_clocks[i]));
	}
	return &memory->tag_clocks[i];
}

void lab_memory_release(struct lab_memory *memory, unsigned cpu, const void *tag)
{
	lab_memory_join(memory, tag_clock(memory, tag), &memory->now[cpu]);
	(void)next_number(memory, cpu);
}

void lab_memory_acquire(struct lab_memory *memory, unsigned cpu, const void *tag)
{
	lab_memory_join(memory, &memory->now[cpu], tag_clock(memory, tag));
}
