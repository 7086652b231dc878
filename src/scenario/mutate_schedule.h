/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_MUTATE_SCHEDULE_H
#define LAB_SCENARIO_MUTATE_SCHEDULE_H

#include "base/prng.h"
#include "scenario/scenario.h"

/* One edit each, as lab_scenario_mutate makes them; false: nothing was there to edit. lab_scenario_mend comes last. */
bool lab_mutate_directive(struct lab_prng *prng, struct lab_scenario *scenario);
bool lab_mutate_schedule(struct lab_prng *prng, struct lab_scenario *scenario);

#endif
