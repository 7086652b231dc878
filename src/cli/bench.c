/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/stop.h"
#include "report/emit.h"
#include "target/registry.h"

#define ROUNDS_MAX  1000u
#define PAIRS       65536u
#define PAIRS_QUICK 8192u

static void print_table(const struct lab_bench_result *result)
{
	unsigned floors = 0;

	printf("\nns of thread CPU time for one alloc and free, median of %u rounds; ratio to two compare-and-swaps\n",
	       result->rounds);
	for (; floors < result->case_count && !result->cases[floors].target; floors++)
		printf("floor, %u thread%s: two uncontended compare-and-swaps %.2f ns\n", result->cases[floors].threads,
		       result->cases[floors].threads == 1 ? "" : "s", result->cases[floors].ns_median);
	printf("\n%-8s %5s %7s  %-10s %10s %10s %8s\n", "pattern", "order", "threads", "target", "ns/pair", "least",
	       "ratio");
	for (size_t i = floors; i < result->case_count; i++) {
		const struct lab_bench_case *bench = &result->cases[i];

		printf("%-8s %5u %7u  %-10s %10.2f %10.2f %8.2f\n", lab_bench_pattern_name(bench->pattern),
		       bench->order, bench->threads, bench->target->name, bench->ns_median, bench->ns_least,
		       bench->ratio);
	}
}

static void print_records(const struct lab_bench_result *result)
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
		lab_emit_real(emit, "ratio_to_floor", bench->ratio, 3);
		lab_emit_end(emit);
	}
	lab_emit_close(emit);
}

static int bench_alloc(const struct lab_bench_plan *plan, enum lab_format format)
{
	struct lab_bench_result result;
	char message[256];

	lab_cli_stop_catch();
	if (lab_bench_alloc(plan, &result, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("%s", message);
		return LAB_EXIT_HARNESS;
	}
	if (result.rounds && format == LAB_FORMAT_JSONL)
		print_records(&result);
	else if (result.rounds)
		print_table(&result);
	else
		lab_cli_error("bench: stopped before the first round was whole");
	if (result.rounds && result.cases[result.case_count - 1].threads < plan->thread_max)
		lab_cli_error("bench: one usable CPU: the cases with two threads were left out");
	lab_bench_result_free(&result);
	return LAB_EXIT_CLEAN;
}

static int run(int argc, const char **argv)
{
	const char *format_text = NULL, *rounds_text = "15", *seed_text = "1", *threads_text = "2";
	int quick = 0;
	const struct poptOption table[] = {
		{"rounds", '\0', POPT_ARG_STRING, &rounds_text, 0, "rounds, each with every case once (default 15)",
		 "N"},
		{"threads", '\0', POPT_ARG_STRING, &threads_text, 0, "up to this many threads, 1 or 2 (default 2)",
		 "N"},
		{"quick", '\0', POPT_ARG_NONE, &quick, 0, "3 rounds of an eighth of the length", NULL},
		{"seed", '\0', POPT_ARG_STRING, &seed_text, 0, "of the order of cases and frees (default 1)", "N"},
		{"format", '\0', POPT_ARG_STRING, &format_text, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	struct lab_bench_plan plan = {.stopped = lab_cli_stop_asked};
	enum lab_format format;
	const char **rest;
	uint64_t rounds, threads;
	int error = lab_cli_parse(&lab_command_bench, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (!rest[0] || strcmp(rest[0], "alloc") != 0 || rest[1]) {
		lab_cli_error("bench: argument '%s': expected the name of one bench: alloc", !rest[0]  ? ""
											     : rest[1] ? rest[1]
												       : rest[0]);
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_number(&lab_command_bench, "--rounds", rounds_text, 1, ROUNDS_MAX, &rounds) ||
	    lab_cli_number(&lab_command_bench, "--threads", threads_text, 1, LAB_BENCH_THREAD_MAX, &threads) ||
	    lab_cli_number(&lab_command_bench, "--seed", seed_text, 0, UINT64_MAX, &plan.seed) ||
	    lab_cli_format(&lab_command_bench, format_text, &format))
		return LAB_EXIT_USAGE;
	plan.thread_max = (unsigned)threads;
	plan.rounds = quick ? 3 : (unsigned)rounds;
	plan.pairs = quick ? PAIRS_QUICK : PAIRS;
	plan.targets = lab_target_builtins(&plan.target_count);
	fprintf(stderr,
		"bench alloc: rounds=%u pairs=%" PRIu64 " threads=%u seed=%" PRIu64
		" targets=%zu arena=1GiB frame=4KiB\n",
		plan.rounds, plan.pairs, plan.thread_max, plan.seed, plan.target_count);
	return bench_alloc(&plan, format);
}

const struct lab_command lab_command_bench = {
	.name = "bench",
	.summary = "Measures what an alloc and free costs, for each built-in target, beside two compare-and-swaps.",
	.usage = "[OPTION...] alloc",
	.run = run,
};
