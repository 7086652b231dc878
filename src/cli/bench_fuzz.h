/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_FUZZ_H
#define LAB_CLI_BENCH_FUZZ_H

#include "report/emit.h"

/*
 * Runs per second of CPU time of each fuzz target under each engine that it was built for, as a ratio of those of an
 * empty one under the same engine and sanitizers in the same round. The exit code. Sleeps until then.
 */
struct lab_bench_fuzz_plan {
	const char *fuzz_build; /* as of `fuzz`; NULL: beside the program */
	unsigned rounds, sample_s;
	uint64_t seed;
};
int lab_bench_fuzz(const struct lab_bench_fuzz_plan *plan, enum lab_format format);

#endif
