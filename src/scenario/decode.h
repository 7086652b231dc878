/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_DECODE_H
#define LAB_SCENARIO_DECODE_H

#include "scenario/scenario.h"

/*
 * The fuzz form. Total: every byte string is a valid scenario, sizes are clamped. Zero is least. Local: one byte
 * changes one operation or one choice. Canonical: encode(decode(x)) is a fixed point. The scenario obeys
 * lab_scenario_normalise.
 */
void lab_scenario_decode(const uint8_t *bytes, size_t count, struct lab_scenario *ret_scenario);

/*
 * Writes the fuzz form of a scenario that validates; names are not kept. LAB_OK: *ret_bytes is the count written.
 * LAB_INVALID: the scenario does not fit the fuzz form's bounds (use the wide form). LAB_NO_MEMORY: more than `room`
 * bytes; *ret_bytes is how many are needed.
 */
LAB_MUST_USE enum lab_status lab_scenario_encode(const struct lab_scenario *scenario, uint8_t *bytes, size_t room,
						 size_t *ret_bytes);

/* The wide form: names and sizes kept, no fuzz bounds; what an artifact carries. Untrusted input: every field checked.
 */
struct lab_wide_error {
	size_t offset;
	char message[160]; /* names the field, its value and what was expected */
};
LAB_MUST_USE enum lab_status lab_scenario_decode_wide(const uint8_t *bytes, size_t count,
						      struct lab_scenario *ret_scenario,
						      struct lab_wide_error *ret_error);
/* *ret_bytes is malloc'ed and the caller's to free. LAB_INVALID: the scenario does not validate. LAB_NO_MEMORY. */
LAB_MUST_USE enum lab_status lab_scenario_encode_wide(const struct lab_scenario *scenario, uint8_t **ret_bytes,
						      size_t *ret_count);

#endif
