/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_MEMORY_H
#define LAB_ENGINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a load may read under the memory model of C11: each word keeps its last few stores, and a CPU may read any of
 * them that it does not know to be overwritten.
 *
 *   modification order  is the order in which stores are done; an update reads the newest store, and so does a
 *                       compare-and-swap that fails
 *   happens-before      by vector clocks, of one component a CPU: a release store carries the clock of who made it, an
 *                       update carries on what it read (release sequences), an acquire load takes what the store that
 *                       it reads carries; fences as in 7.17.4
 *   coherence           nobody reads a store older than one that happens before the load, or than one that was read by
 *                       a load which happens before this one
 *   seq_cst             the order in which these are done is the total order: such a load reads nothing older than
 *                       what another such operation on the word stored or read; fences are ordered all with another
 *
 * Nothing is allowed that C11 forbids. Left out is much that it allows: stores that come into effect late or in another
 * order on one word, loads that read what is stored later (load buffering), more than LAB_MEMORY_DEPTH stores, and a
 * weak value in a compare-and-swap that fails. Accesses of different widths that overlap, and words beside the
 * module's memory, read the newest only, with more order than there is.
 *
 * What runs on one CPU is one thread to the model: a handler and whom it interrupts, and tasks one after the other.
 * No part of it allocates but lab_memory_create; nothing here is safe from several threads.
 */
#define LAB_MEMORY_DEPTH 4u /* stores kept of a word, the newest included */
#define LAB_MEMORY_STALE 8u /* times that one CPU may read something older from one word in a run */

struct lab_memory;

/* The object of an atomic operation, and by whom. Orders are __ATOMIC_*. */
struct lab_memory_access {
	unsigned cpu, context;
	int order;
	const void *object;
	size_t bytes;
	uintptr_t code;
	bool newest_only; /* memory that may be of another use meanwhile */
};

/* A store that a load read. */
struct lab_memory_store {
	uint64_t value;
	uintptr_t code; /* where it was done; 0: before the run */
	unsigned context;
};

/* NULL: no memory. */
struct lab_memory *lab_memory_create(void);
void lab_memory_destroy(struct lab_memory *memory);

/* From here on everybody knows everything: the start of a run, or all came together. */
void lab_memory_meet(struct lab_memory *memory, unsigned cpu_count);

/* How many stores back a load may read; 0: the newest only. What the object holds is the newest. */
unsigned lab_memory_choices(struct lab_memory *memory, const struct lab_memory_access *load);
/* What it reads unless somebody chooses: what this CPU read there the last time while that can be, so that one choice
 * says that a store is late; then the newest. */
unsigned lab_memory_usual(struct lab_memory *memory, const struct lab_memory_access *load, unsigned most);
/* The load: of the store so many back. */
struct lab_memory_store lab_memory_load(struct lab_memory *memory, const struct lab_memory_access *load,
					unsigned older);
/* Before they are done, so that the object holds what was there before; an update is a read-modify-write. */
void lab_memory_store(struct lab_memory *memory, const struct lab_memory_access *store, uint64_t value);
void lab_memory_update(struct lab_memory *memory, const struct lab_memory_access *update);
void lab_memory_fence(struct lab_memory *memory, unsigned cpu, int order);
/* A plain write is about to be done. */
void lab_memory_plain(struct lab_memory *memory, unsigned cpu, const void *address, size_t bytes);
/* Memory changes hands: what was stored there belongs to another object. */
void lab_memory_forget(struct lab_memory *memory, const void *address, size_t bytes);

/* An order by other means than the target's own: acquire comes after every release of the same tag before it. */
void lab_memory_release(struct lab_memory *memory, unsigned cpu, const void *tag);
void lab_memory_acquire(struct lab_memory *memory, unsigned cpu, const void *tag);

#endif
