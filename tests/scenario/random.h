/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_SCENARIO_RANDOM_H
#define LAB_TESTS_SCENARIO_RANDOM_H

#include "base/prng.h"
#include "scenario/scenario.h"

#define RANDOM_BYTES_MAX 2048u

/*
 * Bytes for the decoder: noise, or records whose tags all mean something (noise alone rarely makes a deep scenario),
 * of a length that need not be a whole number of records.
 */
size_t random_bytes(struct lab_prng *prng, uint8_t bytes[RANDOM_BYTES_MAX]);

/* A scenario that no decoder made: every field may be out of its range. Only the operations' layout is whole. */
void random_garbage(struct lab_prng *prng, struct lab_scenario *ret_scenario);

#endif
