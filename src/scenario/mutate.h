/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_MUTATE_H
#define LAB_SCENARIO_MUTATE_H

#include "base/prng.h"
#include "scenario/scenario.h"
#include "scenario/scope.h"

/*
 * Fills a scenario at random within the fuzz bounds, sizes growing with `size` (1..100), of what is in the scope: a
 * random subset of operations, flags, orders, zones and contexts (docs/generator.md).
 */
void lab_scenario_generate(struct lab_prng *prng, unsigned size, const struct lab_scope *scope,
			   struct lab_scenario *ret_scenario);

/*
 * One edit that knows the structure: insert, drop, move, change an operation, a context, a switch or the machine. One
 * within the fuzz bounds stays there. Like the next, it takes scenarios that validate and makes one that does.
 */
void lab_scenario_mutate(struct lab_prng *prng, struct lab_scenario *scenario);

/* A child of both, which is neither of them: contexts, operations and schedule spliced. */
void lab_scenario_cross(struct lab_prng *prng, const struct lab_scenario *a, const struct lab_scenario *b,
			struct lab_scenario *ret_child);

#endif
