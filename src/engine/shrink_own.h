/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SHRINK_OWN_H
#define LAB_ENGINE_SHRINK_OWN_H

#include "engine/shrink.h"

/* What the shrinker's files share. */

/* True when the scenario under these choices, as far as they fit, breaks the rule: then the choices are what it did. */
bool lab_shrink_still(struct lab_shrink *shrink, const struct lab_scenario *scenario, struct lab_choices *choices);

/* A search for another schedule. */
struct lab_shrink_way {
	const char *strategy;
	unsigned preemptions;
	uint64_t seed, runs;
};
/*
 * True when the strategy finds a schedule that breaks the rule; *ret_choices is that.
 */
bool lab_shrink_search(struct lab_shrink *shrink, const struct lab_scenario *scenario, const struct lab_shrink_way *way,
		       struct lab_choices *ret_choices);
bool lab_shrink_stopped(const struct lab_shrink *shrink);

/*
 * shrink_ops.c: takes the other scenario, mended, if it breaks the rule under these choices, as far as they fit, or
 * under others that searches of so many runs find.
 */
bool lab_shrink_take(struct lab_shrink *shrink, struct lab_scenario *other, struct lab_choices *choices, uint64_t runs);

/*
 * shrink_shift.c: by operation, how many events its context had met at its end, 0: it never came there; free() it. And
 * the choices as they are without the operations that are gone, by the scenario as it was.
 */
uint64_t *lab_shrink_ends(struct lab_shrink *shrink);
void lab_shrink_shift(const struct lab_scenario *scenario, const uint64_t *ends, const bool *gone,
		      struct lab_choices *choices);

/*
 * shrink_ops.c: contexts and operations. shrink_plain.c: the machine, flags, orders, slots. shrink_choices.c:
 * interrupts and switches, and shrink_lower.c other schedules that have fewer. runs: of each search.
 */
void lab_shrink_ops(struct lab_shrink *shrink, uint64_t runs);
void lab_shrink_plain(struct lab_shrink *shrink, uint64_t runs);
void lab_shrink_choices(struct lab_shrink *shrink);
void lab_shrink_lower(struct lab_shrink *shrink);

#endif
