/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_shred.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/prng.h"
#include "cli/cli.h"
#include "cli/stop.h"
#include "plat/clock.h"

#define COMMAND      (&lab_command_bench)
#define SAMPLE_BYTES ((size_t)16 << 20) /* in a sample, whatever the size of blocks */
#define PAGE_SHIFT   12u

const unsigned lab_shred_orders[LAB_SHRED_SIZES] = {0, 4, 9};

static bool sample(struct lab_shred_ways *ways, size_t way, unsigned order, size_t bytes, double *ret_ns)
{
	unsigned times = (unsigned)(bytes >> (order + PAGE_SHIFT));
	uint64_t before;

	times = times ? times : 1;
	if (!lab_shred_ways_run(ways, way, order, 1)) /* warms caches and page tables */
		return false;
	before = lab_clock_thread_ns();
	if (!lab_shred_ways_run(ways, way, order, times))
		return false;
	*ret_ns = (double)(lab_clock_thread_ns() - before) / times;
	return true;
}

/* Every cell once, in an order drawn anew. */
static bool run_round(struct lab_shred_ways *ways, struct lab_shred_result *result, size_t bytes, struct lab_prng *prng)
{
	size_t turn[LAB_SHRED_SIZES * LAB_SHRED_WAYS], count = LAB_SHRED_SIZES * result->way_count;

	for (size_t i = 0; i < count; i++) {
		size_t other = (size_t)lab_prng_below(prng, i + 1);

		turn[i] = turn[other];
		turn[other] = i;
	}
	for (size_t i = 0; i < count; i++) {
		size_t size = turn[i] / result->way_count, way = turn[i] % result->way_count;

		if (!sample(ways, way, lab_shred_orders[size], bytes, &result->cells[size][way].ns[result->rounds]))
			return false;
	}
	result->rounds++;
	return true;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median_of(const double *values, unsigned count)
{
	double *sorted = calloc(count, sizeof(sorted[0])), median;

	lab_assert(sorted);
	memcpy(sorted, values, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare_doubles);
	median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
	free(sorted);
	return median;
}

static void summarise(struct lab_shred_result *result)
{
	for (size_t size = 0; size < LAB_SHRED_SIZES; size++) {
		struct lab_shred_cell *cells = result->cells[size];
		size_t best = 1; /* libcrypto's first is always there */

		for (size_t way = 0; way < result->way_count; way++) {
			cells[way].ns_median = median_of(cells[way].ns, result->rounds);
			if (result->is_keystream[way] && cells[way].ns_median < cells[best].ns_median)
				best = way;
		}
		result->best[size] = best;
		for (size_t way = 0; way < result->way_count; way++) {
			double *ratios = calloc(result->rounds, sizeof(ratios[0]));

			lab_assert(ratios);
			for (unsigned round = 0; round < result->rounds; round++)
				ratios[round] = cells[way].ns[round] / cells[best].ns[round];
			cells[way].ratio = median_of(ratios, result->rounds);
			free(ratios);
		}
	}
}

static void tell_table(const struct lab_shred_result *result)
{
	printf("\nthread CPU time of overwriting a block, medians of %u rounds: ns, and as times the best keystream of "
	       "a "
	       "library\ncore: an allocation and its shredded release; memset: zeroes, no keystream\n\n%-16s",
	       result->rounds, "way");
	for (size_t size = 0; size < LAB_SHRED_SIZES; size++)
		printf("  %8u KiB          ", 4u << lab_shred_orders[size]);
	printf("\n");
	for (size_t way = 0; way < result->way_count; way++) {
		printf("%-16s", result->ways[way]);
		for (size_t size = 0; size < LAB_SHRED_SIZES; size++)
			printf("  %10.0f %6.2f %s", result->cells[size][way].ns_median, result->cells[size][way].ratio,
			       way == result->best[size] ? "best" : "    ");
		printf("\n");
	}
}

static void tell_records(const struct lab_shred_result *result)
{
	struct lab_emit *emit = lab_emit_open(stdout, LAB_FORMAT_JSONL);

	for (size_t size = 0; size < LAB_SHRED_SIZES; size++)
		for (size_t way = 0; way < result->way_count; way++) {
			lab_emit_begin(emit, "bench-shred");
			lab_emit_text(emit, "way", result->ways[way]);
			lab_emit_bool(emit, "keystream", result->is_keystream[way]);
			lab_emit_u64(emit, "bytes", UINT64_C(1) << (lab_shred_orders[size] + PAGE_SHIFT));
			lab_emit_u64(emit, "rounds", result->rounds);
			lab_emit_real(emit, "ns_per_block", result->cells[size][way].ns_median, 1);
			lab_emit_text(emit, "best", result->ways[result->best[size]]);
			lab_emit_real(emit, "ratio_to_best", result->cells[size][way].ratio, 3);
			lab_emit_end(emit);
		}
	lab_emit_close(emit);
}

static int measure(struct lab_shred_ways *ways, struct lab_shred_result *result, unsigned rounds, size_t bytes,
		   uint64_t seed)
{
	struct lab_prng prng;
	bool good = true;

	for (size_t size = 0; size < LAB_SHRED_SIZES; size++)
		for (size_t way = 0; way < result->way_count; way++) {
			result->cells[size][way].ns = calloc(rounds, sizeof(double));
			lab_assert(result->cells[size][way].ns);
		}
	lab_prng_seed(&prng, seed, 0);
	while (good && result->rounds < rounds && !lab_cli_stop_asked())
		good = run_round(ways, result, bytes, &prng);
	if (!good)
		lab_cli_error("bench: a block could not be overwritten");
	else if (!result->rounds)
		lab_cli_error("bench: stopped before the first round was whole");
	else
		summarise(result);
	return good ? LAB_EXIT_CLEAN : LAB_EXIT_HARNESS;
}

int lab_bench_shred(const char *words, bool quick, uint64_t seed, enum lab_format format)
{
	struct lab_shred_result result = {0};
	struct lab_shred_ways *ways;
	char message[256];
	uint64_t rounds;
	int code = LAB_EXIT_HARNESS;

	if (lab_cli_number(COMMAND, "--rounds", words ? words : quick ? "3" : "15", 1, 1000, &rounds))
		return LAB_EXIT_USAGE;
	fprintf(stderr, "bench shred: rounds=%" PRIu64 " seed=%" PRIu64 "\n", rounds, seed);
	lab_cli_stop_catch();
	if (lab_shred_ways_open(&ways, &result, message, sizeof(message)) == LAB_OK)
		code = measure(ways, &result, (unsigned)rounds, SAMPLE_BYTES / (quick ? 8 : 1), seed);
	else
		lab_cli_error("%s", message);
	if (code == LAB_EXIT_CLEAN && result.rounds && format == LAB_FORMAT_JSONL)
		tell_records(&result);
	else if (code == LAB_EXIT_CLEAN && result.rounds)
		tell_table(&result);
	lab_shred_ways_close(ways);
	for (size_t size = 0; size < LAB_SHRED_SIZES; size++)
		for (size_t way = 0; way < result.way_count; way++)
			free(result.cells[size][way].ns);
	return code;
}
