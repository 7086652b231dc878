/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_LANES_H
#define LAB_CLI_LANES_H

#include "report/emit.h"
#include "story/rows.h"
#include "target/registry.h"

/* A run whose steps are known, for people and for programs. */
struct lab_lanes {
	const struct lab_target *target;
	const struct lab_scenario *scenario;
	const struct lab_story *story;
	const struct lab_finding *finding; /* NULL: none */
	bool all;                          /* leave no step out */
	size_t rows_most;                  /* 0: no limit */
	/* for the page, and where rows were cut off */
	const char *target_name, *artifact, *command, *whole;
};

#define LAB_LANES_ROWS 80u /* of a finding where no more was asked for */

/* In columns, as wide as the terminal. */
void lab_lanes_print(const struct lab_lanes *lanes);
/* A record of the kind "step" each. */
void lab_lanes_emit(const struct lab_lanes *lanes, struct lab_emit *emit);
/* As a page, whole or not at all. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_lanes_html(const struct lab_lanes *lanes, const char *path);

/*
 * Runs an artifact that this process has just written once more, and prints its steps if it breaks a rule. command: for
 * a line on stderr if it cannot be read; cpu_ns: CPU time that the run may take.
 */
void lab_lanes_artifact(const char *command, const char *path, uint64_t cpu_ns);

#endif
