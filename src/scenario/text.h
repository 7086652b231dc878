/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_TEXT_H
#define LAB_SCENARIO_TEXT_H

#include <stdio.h>

#include "scenario/scenario.h"

struct lab_text_error {
	unsigned line, column; /* both from 1 */
	char word[48];         /* the offending word, cut to fit; "" at the end of the line or text */
	char expected[128];    /* what was expected there */
};

/*
 * Parses the text form into an initialised scenario. Strict: what lab_scenario_normalise would mend is an error here,
 * since people should see it. LAB_INVALID fills *ret_error and leaves the scenario empty but initialised.
 */
LAB_MUST_USE enum lab_status lab_scenario_parse(const char *text, size_t bytes, struct lab_scenario *ret_scenario,
						struct lab_text_error *ret_error);

/* Prints the text form of a scenario that validates; parsing it again gives an equal scenario. */
void lab_scenario_print(const struct lab_scenario *scenario, FILE *out);

/* "s3 = alloc atomic|exclusive 2": one operation as the text form has it, for logs. Always terminated. */
void lab_op_format(const struct lab_scenario *scenario, const struct lab_op *op, char *buffer, size_t room);

/* "atomic|exclusive", by the fewest words; parsing answers false at an unknown word. */
void lab_gfp_format(lab_gfp gfp, char *buffer, size_t room);
bool lab_gfp_parse(const char *text, size_t bytes, lab_gfp *ret_gfp);

#endif
