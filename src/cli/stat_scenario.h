/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_STAT_SCENARIO_H
#define LAB_CLI_STAT_SCENARIO_H

#include "cli/stat.h"

/*
 * `labyrinth stat --scenario FILE`: runs a test case on the reference allocator, by its own schedule, and tells
 * once, when its last operation has ended and nothing is released yet. The exit code.
 */
int lab_stat_scenario(const char *path, struct lab_emit *emit, struct lab_stat_view *view);

#endif
