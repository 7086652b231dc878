/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_SHRED_H
#define LAB_CLI_BENCH_SHRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

#include "report/emit.h"

/*
 * What it costs to overwrite a block when it is released: the reference allocator's way, beside the keystreams of
 * packaged libraries and memset over the same memory, in one run.
 */
#define LAB_SHRED_WAYS  8u
#define LAB_SHRED_SIZES 3u

struct lab_shred_cell {
	double *ns;              /* of thread CPU time a block, one for each round */
	double ns_median, ratio; /* ratio: median of ns / the best keystream's in the round */
};

struct lab_shred_result {
	const char *ways[LAB_SHRED_WAYS];
	bool is_keystream[LAB_SHRED_WAYS]; /* of a library: among them the best one is what the others are compared to
					    */
	size_t way_count;
	struct lab_shred_cell cells[LAB_SHRED_SIZES][LAB_SHRED_WAYS];
	size_t best[LAB_SHRED_SIZES];
	unsigned rounds;
};
extern const unsigned lab_shred_orders[LAB_SHRED_SIZES];

/* The bench from its options to its exit code; rounds: NULL: the default. */
int lab_bench_shred(const char *rounds, bool quick, uint64_t seed, enum lab_format format);

/* bench_shred_ways.c: opens what there is; message: one line where the status is not LAB_OK. */
struct lab_shred_ways;
LAB_MUST_USE enum lab_status lab_shred_ways_open(struct lab_shred_ways **ret_ways, struct lab_shred_result *result,
						 char *message, size_t room);
void lab_shred_ways_close(struct lab_shred_ways *ways);
/* Overwrites `times` blocks of that order in this way; false: it could not. */
bool lab_shred_ways_run(struct lab_shred_ways *ways, size_t way, unsigned order, unsigned times);

#endif
