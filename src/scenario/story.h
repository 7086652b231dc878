/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_STORY_H
#define LAB_SCENARIO_STORY_H

#include "base/prng.h"
#include "scenario/scenario.h"
#include "scenario/scope.h"

/*
 * Fills the contexts of a scenario, which are there and empty, with operations that have to do with one another: what
 * is freed, touched or given was taken before, what was given is taken in, flags and orders are few. Operations that
 * are drawn each for itself meet only in long scenarios, whose schedules are too many to be tried.
 */
void lab_story_generate(struct lab_prng *prng, unsigned size, const struct lab_scope *scope,
			struct lab_scenario *scenario);

#endif
