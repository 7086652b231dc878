/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/assert.h"
#include "scenario/mend.h"
#include "scenario/validate.h"

bool lab_scenario_layout_ok(const struct lab_scenario *scenario)
{
	size_t next = 0;

	for (size_t i = 0; i < scenario->context_count; i++) {
		if (scenario->contexts[i].first_op != next)
			return false;
		if (scenario->contexts[i].op_count > scenario->op_count - next)
			return false;
		next += scenario->contexts[i].op_count;
	}
	return next == scenario->op_count;
}

void lab_scenario_normalise(struct lab_scenario *scenario)
{
	lab_assert(lab_scenario_layout_ok(scenario));
	lab_scenario_mend(scenario, SIZE_MAX / 4, NULL);
}
