/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_REPORT_FINDING_H
#define LAB_REPORT_FINDING_H

#include <stdint.h>
#include <stdio.h>

#include "oracle/finding.h"
#include "scenario/scenario.h"

/* "finding: R01 double-ownership block=frame 64 order 0 owners=...": one line, cut to fit, always terminated. */
#define LAB_FINDING_LINE 384u
void lab_finding_line(const struct lab_finding *finding, char *buffer, size_t room);

/* "R01-5f3a9c21", for the file that tells of it; `content` (what the file holds) makes equal findings equal names. */
#define LAB_FINDING_NAME 16u
void lab_finding_name(enum lab_rule rule, const void *content, size_t bytes, char ret_name[LAB_FINDING_NAME]);

/*
 * Equal for findings that are probably one defect: the same rule in the same words but for numbers, the names and
 * kinds of contexts, zones and classes, or in what came before it; of a crash its place counts.
 */
uint64_t lab_finding_signature(const struct lab_finding *finding, const struct lab_scenario *scenario);

/* What a finding left behind: an artifact that replays, or a log of what the live engine last saw. */
struct lab_finding_trail {
	const char *label; /* "artifact" or "log" */
	const char *path;
	const char *note;    /* "6 ops, 3 switches, from 903 ops" */
	const char *command; /* that reproduces it */
};

/* The three lines that every finding ends with. */
void lab_finding_print(FILE *out, const struct lab_finding *finding, const struct lab_finding_trail *trail);

#endif
