/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_MACHINE_H
#define LAB_ENGINE_MACHINE_H

#include "scenario/scenario.h"

/* The memory and tables that a target is created over. Owns its memory. */
struct lab_machine_store {
	struct lab_machine machine;
	struct lab_span spans[LAB_SPAN_MAX];
	struct lab_zone_marks zones[LAB_ZONE_COUNT];
	size_t mapped_bytes; /* of machine.base */
};

/*
 * Maps the frames and fills the tables; page_shift is the greater of the scenario's and the target's least. `store`
 * may hold a machine built before: its memory is used again if it is large enough. LAB_SYSTEM: errno. May sleep.
 */
LAB_MUST_USE enum lab_status lab_machine_build(struct lab_machine_store *store, const struct lab_scenario_machine *from,
					       const struct lab_target *target, const struct lab_host *host);
/* Zeroes the frames, so that a run starts as the first one did. */
void lab_machine_wipe(struct lab_machine_store *store);
void lab_machine_free(struct lab_machine_store *store);

#endif
