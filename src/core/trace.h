/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_TRACE_H
#define LAB_CORE_TRACE_H

#include <labyrinth/diagnose.h>

#include "core/layout.h"

/*
 * Since when and from where: a record a frame, of the last allocation whose block began there. Only arenas with
 * LAB_ARENA_TRACE have it. Whoever has taken a block and not yet published its owner writes the record, so there is one
 * writer at a time; whoever reads finds out whether one wrote meanwhile by the sequence, which is odd until the record
 * is whole. Nobody erases it: a block is held as long as its owner word says so, and the record of one that is not
 * tells who had it last.
 *
 *   request   depth << 56 | order << 48 | cpu << 32 | gfp
 */
struct lab_trace {
	lab_atomic64 sequence, since, owner, request, process, stack[LAB_TRACE_DEPTH];
};

_Static_assert(sizeof(struct lab_trace) == 128, "a record is two cache lines");

/* Writes the record of a block that the caller has taken. Wait-free. */
void lab_trace_write(const struct lab_arena *arena, uint64_t frame, const struct lab_alloc_request *request);
/* Fills in what the record tells; false: nothing was written yet, or someone writes. The owner's word is the caller's.
 */
bool lab_trace_read(const struct lab_arena *arena, uint64_t frame, struct lab_holder *holder);

static inline struct lab_trace *lab_trace_of(const struct lab_arena *arena, uint64_t frame)
{
	return (struct lab_trace *)arena->traces + frame;
}

#endif
