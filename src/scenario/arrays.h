/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_ARRAYS_H
#define LAB_SCENARIO_ARRAYS_H

#include "scenario/scenario.h"

/* The array with room for `count` elements at least; what is there stays. Aborts without memory. */
LAB_MUST_USE void *lab_array_grown(void *array, size_t *room, size_t count, size_t element_bytes);

/* Room for that many of each in all, counts untouched: the decoder fills arrays that it sized once. */
void lab_scenario_reserve(struct lab_scenario *scenario, size_t contexts, size_t ops, size_t directives,
			  size_t schedule_bytes);

#endif
