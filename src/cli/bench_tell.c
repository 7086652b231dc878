/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench.h"

static int column_of(const struct lab_target *target)
{
	return LAB_MAX((int)snprintf(NULL, 0, "%s", target->name), 8);
}

/* One row for what the targets have in common: pattern, order, threads; the first target's time, the others' ratios. */
static void tell_row(const struct lab_bench_plan *plan, const struct lab_bench_result *result, size_t at)
{
	const struct lab_bench_case *first = &result->cases[at];
	const struct lab_bench_case *floor = &result->cases[first->threads - 1];

	printf("%-8s %5u %7u %*.1f", lab_bench_pattern_name(first->pattern), first->order, first->threads,
	       column_of(first->target) + 3, first->ns_median);
	for (size_t t = 1; t < plan->target_count; t++)
		printf(" %*.2f", column_of(plan->targets[t]), result->cases[at + t].ratio_to_first);
	printf(" %8.2f\n", floor->ns_median / first->ns_median);
}

static int compare_spreads(const void *left, const void *right)
{
	double a = (*(const struct lab_bench_case *const *)left)->spread;
	double b = (*(const struct lab_bench_case *const *)right)->spread;

	return (a > b) - (a < b);
}

/* How far the rounds lie apart, in the middle case and in the worst. */
static void tell_spread(const struct lab_bench_result *result, size_t from)
{
	size_t count = result->case_count - from;
	const struct lab_bench_case **cases = calloc(count, sizeof(cases[0])), *worst;

	lab_assert(cases && count);
	for (size_t i = 0; i < count; i++)
		cases[i] = &result->cases[from + i];
	qsort(cases, count, sizeof(cases[0]), compare_spreads);
	worst = cases[count - 1];
	printf("The middle half of the rounds spans %.0f %% of a ratio (median), at most %.0f %% (%s, %s, order %u, "
	       "%u thread%s).\n",
	       cases[count / 2]->spread * 100, worst->spread * 100, worst->target->name,
	       lab_bench_pattern_name(worst->pattern), worst->order, worst->threads, worst->threads == 1 ? "" : "s");
	printf("Load average %.1f on %ld processors.\n", result->load, sysconf(_SC_NPROCESSORS_ONLN));
	free(cases);
}

static void tell_table(const struct lab_bench_plan *plan, const struct lab_bench_result *result)
{
	const char *first = plan->targets[0]->name;
	size_t from = 0;

	while (from < result->case_count && !result->cases[from].target)
		from++;
	printf("\nthread CPU time of one alloc and free, medians of %u rounds: ns of %s, the others as times %s's\n\n",
	       result->rounds, first, first);
	printf("%-8s %5s %7s %*s ns", "pattern", "order", "threads", column_of(plan->targets[0]), first);
	for (size_t t = 1; t < plan->target_count; t++)
		printf(" %*s", column_of(plan->targets[t]), plan->targets[t]->name);
	printf(" %8s\n", "floor");
	for (size_t at = from; at < result->case_count; at += plan->target_count)
		tell_row(plan, result, at);
	printf("\nfloor: two uncontended compare-and-swaps.\n");
	tell_spread(result, from);
}

static void tell_records(const struct lab_bench_plan *plan, const struct lab_bench_result *result)
{
	struct lab_emit *emit = lab_emit_open(stdout, LAB_FORMAT_JSONL);

	for (size_t i = 0; i < result->case_count; i++) {
		const struct lab_bench_case *bench = &result->cases[i];

		lab_emit_begin(emit, bench->target ? "bench-alloc" : "bench-floor");
		if (bench->target) {
			lab_emit_text(emit, "target", bench->target->name);
			lab_emit_text(emit, "pattern", lab_bench_pattern_name(bench->pattern));
			lab_emit_u64(emit, "order", bench->order);
		}
		lab_emit_u64(emit, "threads", bench->threads);
		lab_emit_u64(emit, "rounds", result->rounds);
		lab_emit_real(emit, "ns_per_pair", bench->ns_median, 3);
		lab_emit_real(emit, "ns_per_pair_least", bench->ns_least, 3);
		lab_emit_real(emit, "ratio_to_floor", bench->ratio_to_floor, 3);
		if (bench->target) {
			lab_emit_text(emit, "first", plan->targets[0]->name);
			lab_emit_real(emit, "ratio_to_first", bench->ratio_to_first, 3);
			lab_emit_real(emit, "spread", bench->spread, 3);
		}
		lab_emit_end(emit);
	}
	lab_emit_begin(emit, "bench-load");
	lab_emit_real(emit, "average", result->load, 2);
	lab_emit_u64(emit, "processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	lab_emit_end(emit);
	lab_emit_close(emit);
}

void lab_bench_tell(const struct lab_bench_plan *plan, const struct lab_bench_result *result, enum lab_format format)
{
	if (format == LAB_FORMAT_JSONL)
		tell_records(plan, result);
	else
		tell_table(plan, result);
}
