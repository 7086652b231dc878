/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SHRINK_OWN_H
#define LAB_ENGINE_SHRINK_OWN_H

#include "engine/shrink.h"

/* What the shrinker's files share. */

/* True when the scenario under these choices, as far as they fit, breaks the rule: then the choices are what it did. */
bool lab_shrink_still(struct lab_shrink *shrink, const struct lab_scenario *scenario, struct lab_choices *choices);
/* True when the strategy finds a schedule that breaks the rule; *ret_choices is that. */
bool lab_shrink_search(struct lab_shrink *shrink, const struct lab_scenario *scenario, const char *strategy,
		       unsigned preemptions, struct lab_choices *ret_choices);
bool lab_shrink_stopped(const struct lab_shrink *shrink);

/* shrink_ops.c: contexts and operations. shrink_choices.c: interrupts and switches. */
void lab_shrink_ops(struct lab_shrink *shrink);
void lab_shrink_choices(struct lab_shrink *shrink);

#endif
