/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_VERDICT_H
#define LAB_STORY_VERDICT_H

#include <stdio.h>

#include "story/rows.h"

/* What every form of a story says above and below its rows. */

/* "machine: 64 frames of 64 bytes, 2 CPUs, blocks up to order 3; zone normal: 64 frames, min 4, low 5, high 6" */
void lab_verdict_print_machine(FILE *out, const struct lab_scenario *scenario);
/* What a row says without those around it: of a result, with its operation. */
void lab_verdict_row(const struct lab_rows *rows, size_t at, char *text, size_t room);
/* The rule, in words, what the oracle knows, and the rows that have to do with it; nothing without a finding. */
void lab_verdict_print(FILE *out, const struct lab_rows_of *of, const struct lab_rows *rows);

#endif
