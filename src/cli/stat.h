/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_STAT_H
#define LAB_CLI_STAT_H

#include <labyrinth/diagnose.h>

#include "cli/places.h"
#include "report/emit.h"

/* What `labyrinth stat` tells of an arena, whose numbers may change, or be nonsense, at any time. */
struct lab_stat_view {
	const struct lab_arena *arena;
	const char *path;          /* of its file; NULL: it is this process' own */
	struct lab_places *places; /* opened with the first stack */
	uint64_t holders;          /* how many are told; 0: none */
	bool each;                 /* each by itself, and not together with those that were taken at the same place */
};

/* stat.c: both of these, of an arena that is there for this call. */
void lab_stat_tell(struct lab_emit *emit, struct lab_stat_view *view, const struct lab_arena *arena);
/* stat_tell.c: the arena, its zones and its CPUs. */
void lab_stat_tell_arena(struct lab_emit *emit, const struct lab_stat_view *view);
/* stat_holders.c: who holds what. */
void lab_stat_tell_holders(struct lab_emit *emit, struct lab_stat_view *view);

/* Who had a frame of this process' arena last, for a person; who: the name of the context that took the block. */
void lab_stat_tell_last(FILE *out, const struct lab_arena *arena, const struct lab_holder *holder, uint64_t frame,
			const char *who);

#endif
