/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_LANES_H
#define LAB_CLI_LANES_H

#include "story/rows.h"
#include "target/registry.h"

#define LAB_LANES_ROWS 80u /* of a finding where no more was asked for */

struct lab_lanes_way {
	bool all;          /* leave no step out */
	size_t rows_most;  /* 0: no limit */
	const char *whole; /* the command that shows all of them */
};

/* Prints the story of a run in columns, as wide as the terminal; finding: NULL: none. */
void lab_lanes_print(const struct lab_target *target, const struct lab_scenario *scenario,
		     const struct lab_story *story, const struct lab_finding *finding, const struct lab_lanes_way *way);

#endif
