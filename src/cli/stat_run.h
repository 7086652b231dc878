/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_STAT_RUN_H
#define LAB_CLI_STAT_RUN_H

#include "cli/stat.h"

/* `labyrinth stat` without a file: a workload on the reference allocator, and a look at it before it ends. */
struct lab_stat_run_words {
	const char *workload, *duration, *threads, *frames, *seed; /* as they were written; NULL: not given */
};

/* Runs, tells once while the threads are at work, and answers the exit code. */
int lab_stat_run(const struct lab_stat_run_words *words, struct lab_emit *emit, enum lab_format format,
		 struct lab_stat_view *view);

#endif
