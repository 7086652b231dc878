/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_PRESENT_H
#define LABYRINTH_PRESENT_H

#include <labyrinth/memory.h>

LAB_PUBLIC_BEGIN

/*
 * The spans that are there, for who looks at memory that he does not own: a dumper, a walker, a checksum. An arena
 * knows whose a frame is, and waits for nobody; this list is what its backing is taken away by. It is kept under
 * liburcu: readers walk it wait-free, and who takes memory away publishes the shorter list, waits until all who might
 * still go by the longer one have left, and only then takes it. A library of its own, liblabyrinth-present.
 *
 * Who owns a block needs none of this: its span cannot go.
 */
struct lab_present_span {
	unsigned span; /* its number in the arena */
	const char *start;
	size_t bytes;
};

struct lab_present_list {
	size_t count;
	struct lab_present_span spans[]; /* ascending */
};

struct lab_present_config {
	void *base;          /* of frame 0 */
	unsigned page_shift; /* log2 of a frame's bytes */
	const struct lab_span *spans;
	size_t span_count;
	const bool *absent; /* as in struct lab_arena_config; the backing of these is taken at once */
	/*
	 * Takes the backing of a span away, and brings it back, zeroed or not. LAB_SYSTEM: errno. NULL, both: whole
	 * pages of the system's are given back and made unreadable, and readable again.
	 */
	enum lab_status (*unplug)(void *arg, void *start, size_t bytes);
	enum lab_status (*plug)(void *arg, void *start, size_t bytes);
	void *arg;
};

struct lab_present;

/* LAB_OK: *ret_present is the caller's to destroy. LAB_NO_MEMORY; LAB_SYSTEM: errno. The only one that allocates. */
LAB_MUST_USE enum lab_status lab_present_create(const struct lab_present_config *config,
						struct lab_present **ret_present);
/* Nobody reads any more. Backing that is away stays away. */
void lab_present_destroy(struct lab_present *present);

/*
 * The list, valid with all memory that it tells of until lab_present_leave. Sections nest; what is in one must neither
 * sleep for long nor take memory away. Any thread, but no signal handler: a thread is registered with liburcu when it
 * first comes, and unregistered when it ends. Wait-free from the second time on.
 */
const struct lab_present_list *lab_present_enter(const struct lab_present *present);
void lab_present_leave(const struct lab_present *present);

/*
 * A span that nobody owns a frame of is taken from the list, and when no reader can be in it any more, its backing is
 * taken away; or the other way round. LAB_OK; LAB_UNCHANGED: it is so already; LAB_INVALID: no such span; LAB_SYSTEM:
 * errno of the backing, and the list is as it was. May sleep, and waits for readers; not in a section.
 */
LAB_MUST_USE enum lab_status lab_present_hide(struct lab_present *present, unsigned span);
LAB_MUST_USE enum lab_status lab_present_show(struct lab_present *present, unsigned span);

/* The arena's lab_arena_memory_remove and then hide; show and then lab_arena_memory_add. Their statuses. May sleep. */
LAB_MUST_USE enum lab_status lab_present_remove(struct lab_present *present, struct lab_arena *arena, unsigned span,
						unsigned patience);
LAB_MUST_USE enum lab_status lab_present_add(struct lab_present *present, struct lab_arena *arena, unsigned span);

LAB_PUBLIC_END

#endif
