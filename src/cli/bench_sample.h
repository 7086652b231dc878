/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_SAMPLE_H
#define LAB_CLI_BENCH_SAMPLE_H

#include "base/prng.h"
#include "cli/bench.h"

/* One measurement of one case: threads are started, pinned, warmed, timed and joined. */
struct lab_bench_sample {
	const struct lab_bench_case *bench;
	void *self; /* the target's instance */
	uint64_t pairs;
	unsigned full_blocks;                /* LAB_BENCH_FULL90: that each thread takes before it frees a tenth */
	unsigned cpus[LAB_BENCH_THREAD_MAX]; /* where each thread is pinned */
};

/* LAB_OK: *ret_ns is thread CPU time a pair, the mean over the threads. Otherwise what the target answered. */
LAB_MUST_USE enum lab_status lab_bench_sample_run(const struct lab_bench_sample *sample, struct lab_prng *prng,
						  double *ret_ns);

#endif
