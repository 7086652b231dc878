/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_LANES_H
#define LAB_CLI_LANES_H

#include "engine/sim.h"

/* A run as columns, one a context, a step a line. */
struct lab_lanes {
	const struct lab_scenario *scenario;
	unsigned line;
};

/* Prints the columns' heads. */
void lab_lanes_open(struct lab_lanes *lanes, const struct lab_scenario *scenario);
/* For lab_sim_options.step; arg: the lanes. */
void lab_lanes_step(void *lanes, const struct lab_sim_step *step);

#endif
