/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_MEMORY_OWN_H
#define LAB_ENGINE_MEMORY_OWN_H

#include "engine/memory.h"
#include "scenario/scenario.h"

/* What the memory model's files share. */

#define LAB_MEMORY_WORDS 1024u /* with a history; those beyond have one clock in common */
#define LAB_MEMORY_CELLS 4096u /* of 8 bytes, in which words lie; a power of two */
#define LAB_MEMORY_TAGS  256u
#define LAB_MEMORY_NONE  UINT16_MAX

/* A CPU's events have numbers from 1: which of whose events are known. */
struct lab_memory_clock {
	uint32_t of[LAB_CPU_MAX];
};

struct lab_memory_entry {
	uint64_t value;
	bool open;       /* it is done afterwards: what the object holds at the next look is its value */
	uint32_t cpu;    /* who stored it */
	uint32_t number; /* as that one's event; 0: known to all */
	uint32_t total;  /* as the first operation in the total order that stored or read it; 0: none did */
	uint32_t context;
	uintptr_t code;
	struct lab_memory_clock passes; /* what an acquire load of it takes */
	uint32_t read[LAB_CPU_MAX];     /* by CPU, its first event that read it; 0: none */
};

struct lab_memory_word {
	bool flat;      /* the newest only, whose clock grows and is never replaced */
	unsigned count; /* of entries, at least one */
	unsigned newest;
	uint64_t heads;             /* CPUs whose releases go on being passed on, as a mask */
	uint32_t pushed;            /* entries that followed the first */
	uint8_t stale[LAB_CPU_MAX]; /* loads of something older */
	uint32_t late[LAB_CPU_MAX]; /* `pushed` plus 1 as of what such a load read last; 0: the newest */
	struct lab_memory_entry ring[LAB_MEMORY_DEPTH];
};

/* Eight bytes that are accessed by words of one width; of several ones, by none. */
struct lab_memory_cell {
	uint64_t meeting; /* another one than the last: free */
	uintptr_t at;     /* address / 8 */
	uint8_t bytes;
	bool mixed;
	uint16_t words[8]; /* by offset; the first one of a mixed cell is its only one */
};

struct lab_memory {
	uint64_t meeting;
	unsigned cpu_count, word_count, tag_count;
	uint32_t total, fence_total; /* operations in the total order; when a fence was last one of them */
	struct lab_memory_clock now[LAB_CPU_MAX];
	struct lab_memory_clock released[LAB_CPU_MAX]; /* by a CPU's last fence that releases */
	struct lab_memory_clock seen[LAB_CPU_MAX];     /* by loads that do not acquire, for a fence that does */
	struct lab_memory_clock fences;                /* what was known at fences in the total order */
	const void *tags[LAB_MEMORY_TAGS];
	struct lab_memory_clock tag_clocks[LAB_MEMORY_TAGS + 1]; /* the last: of tags that no room was left for */
	struct lab_memory_cell cells[LAB_MEMORY_CELLS];
	struct lab_memory_word words[LAB_MEMORY_WORDS + 1]; /* the last one as well */
};

static inline struct lab_memory_entry *lab_memory_entry(struct lab_memory_word *word, unsigned older)
{
	return &word->ring[(word->newest + LAB_MEMORY_DEPTH - older) % LAB_MEMORY_DEPTH];
}

static inline void lab_memory_join(const struct lab_memory *memory, struct lab_memory_clock *to,
				   const struct lab_memory_clock *from)
{
	for (unsigned i = 0; i < memory->cpu_count; i++)
		if (to->of[i] < from->of[i])
			to->of[i] = from->of[i];
}

static inline void lab_memory_copy(const struct lab_memory *memory, struct lab_memory_clock *to,
				   const struct lab_memory_clock *from)
{
	for (unsigned i = 0; i < memory->cpu_count; i++)
		to->of[i] = from->of[i];
}

/* memory_words.c: what the object is in; make: it is to have a history from here on. NULL: it has none. One that it
 * has ends with what the object holds now. */
struct lab_memory_word *lab_memory_word(struct lab_memory *memory, const struct lab_memory_access *access, bool make);
/* A new newest entry, with nothing in it but its value. */
struct lab_memory_entry *lab_memory_push(struct lab_memory *memory, struct lab_memory_word *word, uint64_t value);
/* Each word that the bytes touch: whole, or a part of it, which makes it flat. */
void lab_memory_each(struct lab_memory *memory, const void *address, size_t bytes,
		     void (*what)(struct lab_memory *memory, struct lab_memory_word *word, const void *at, size_t bytes,
				  unsigned cpu),
		     unsigned cpu);
uint64_t lab_memory_value(const void *object, size_t bytes);

#endif
