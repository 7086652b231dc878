/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/bench_sim.h"

static void tell_speed(struct lab_emit *emit, const struct lab_bench_sim_case *one, unsigned rounds)
{
	for (unsigned i = 0; i < LAB_BENCH_SIM_STRATEGIES && one->program->clean && rounds; i++) {
		const struct lab_bench_sim_speed *speed = &one->speeds[i];

		lab_emit_begin(emit, "bench-sim-speed");
		lab_emit_text(emit, "program", one->program->name);
		lab_emit_text(emit, "strategy", speed->strategy);
		lab_emit_u64(emit, "rounds", rounds);
		lab_emit_real(emit, "schedules_per_second", speed->schedules, 0);
		lab_emit_real(emit, "steps_per_second", speed->steps, 0);
		lab_emit_real(emit, "ratio_to_none", speed->ratio, 3);
		lab_emit_end(emit);
	}
}

static void tell_count(struct lab_emit *emit, const struct lab_bench_sim_case *one)
{
	if (!one->program->counted)
		return;
	lab_emit_begin(emit, "bench-sim-count");
	lab_emit_text(emit, "program", one->program->name);
	for (unsigned i = 0; i < one->bounds; i++) {
		char name[] = "preemptions_0";

		name[sizeof(name) - 2] = (char)('0' + i);
		lab_emit_u64(emit, name, one->within[i]);
	}
	lab_emit_u64(emit, "dpor", one->dpor);
	lab_emit_bool(emit, "exhausted", one->exhausted);
	lab_emit_end(emit);
}

static void tell_first(struct lab_emit *emit, const struct lab_bench_sim_case *one, uint64_t limit)
{
	for (unsigned i = 1; i < LAB_BENCH_SIM_STRATEGIES && !one->program->clean; i++) {
		const struct lab_bench_sim_first *first = &one->firsts[i];

		lab_emit_begin(emit, "bench-sim-first");
		lab_emit_text(emit, "program", one->program->name);
		lab_emit_text(emit, "strategy", first->strategy);
		lab_emit_text(emit, "rule", one->rule == LAB_RULE_COUNT ? "" : lab_rule_info(one->rule)->id);
		lab_emit_u64(emit, "tries", first->tries);
		lab_emit_u64(emit, "found", first->found);
		lab_emit_u64(emit, "limit", limit);
		lab_emit_u64(emit, "schedules_median", first->median);
		lab_emit_end(emit);
	}
}

static void tell_records(const struct lab_bench_sim_plan *plan, const struct lab_bench_sim_result *result)
{
	struct lab_emit *emit = lab_emit_open(stdout, LAB_FORMAT_JSONL);

	lab_emit_begin(emit, "bench-sim-floor");
	lab_emit_real(emit, "ns_per_switch", result->switch_ns, 2);
	lab_emit_end(emit);
	for (size_t i = 0; i < result->case_count; i++) {
		tell_speed(emit, &result->cases[i], result->rounds);
		tell_count(emit, &result->cases[i]);
		tell_first(emit, &result->cases[i], plan->limit);
	}
	lab_emit_close(emit);
}

/* "2.31 M", "114 k" */
static void say_rate(double rate)
{
	if (rate >= 1e6)
		printf(" %6.2f M", rate / 1e6);
	else
		printf(" %6.0f k", rate / 1e3);
}

static void print_speeds(const struct lab_bench_sim_result *result)
{
	printf("\nschedules a second of thread CPU time, median of %u rounds; in brackets, steps a second\n"
	       "floor: one switch of a coroutine %.1f ns\n\n%-16s",
	       result->rounds, result->switch_ns, "program");
	for (unsigned i = 0; i < LAB_BENCH_SIM_STRATEGIES; i++)
		printf(" %8s", result->cases[0].speeds[i].strategy);
	printf("\n");
	for (size_t i = 0; i < result->case_count; i++) {
		const struct lab_bench_sim_case *one = &result->cases[i];

		if (!one->program->clean)
			continue;
		printf("%-16s", one->program->name);
		for (unsigned s = 0; s < LAB_BENCH_SIM_STRATEGIES; s++)
			say_rate(one->speeds[s].schedules);
		printf("\n%-16s", "  steps");
		for (unsigned s = 0; s < LAB_BENCH_SIM_STRATEGIES; s++)
			say_rate(one->speeds[s].steps);
		printf("\n%-16s", "  ratio to none");
		for (unsigned s = 0; s < LAB_BENCH_SIM_STRATEGIES; s++)
			printf(" %8.2f", one->speeds[s].ratio);
		printf("\n");
	}
}

static void print_counts(const struct lab_bench_sim_result *result)
{
	printf("\nall schedules with at most so many preemptions, and what dpor ran\n\n%-16s %10s %10s %10s %12s\n",
	       "program", "0", "1", "2", "dpor");
	for (size_t i = 0; i < result->case_count; i++) {
		const struct lab_bench_sim_case *one = &result->cases[i];

		if (!one->program->counted)
			continue;
		printf("%-16s", one->program->name);
		for (unsigned b = 0; b < LAB_BENCH_SIM_BOUNDS; b++)
			if (b < one->bounds)
				printf(" %10" PRIu64, one->within[b]);
			else
				printf(" %10s", "-");
		printf(" %12" PRIu64 " %s\n", one->dpor, one->exhausted ? "exhausted" : "in its time, not exhausted");
	}
}

static void print_firsts(const struct lab_bench_sim_plan *plan, const struct lab_bench_sim_result *result)
{
	printf("\nschedules up to the first finding: median of %u seeds, - where most found none within %" PRIu64 "\n\n"
	       "%-16s %-4s",
	       plan->rounds, plan->limit, "program", "rule");
	for (unsigned i = 1; i < LAB_BENCH_SIM_STRATEGIES; i++)
		printf(" %8s", result->cases[0].firsts[i].strategy);
	printf("\n");
	for (size_t i = 0; i < result->case_count; i++) {
		const struct lab_bench_sim_case *one = &result->cases[i];

		if (one->program->clean)
			continue;
		printf("%-16s %-4s", one->program->name,
		       one->rule == LAB_RULE_COUNT ? "-" : lab_rule_info(one->rule)->id);
		for (unsigned s = 1; s < LAB_BENCH_SIM_STRATEGIES; s++)
			if (one->firsts[s].median)
				printf(" %8" PRIu64, one->firsts[s].median);
			else
				printf(" %8s", "-");
		printf("\n");
	}
}

void lab_bench_sim_tell(const struct lab_bench_sim_plan *plan, const struct lab_bench_sim_result *result,
			enum lab_format format)
{
	if (format == LAB_FORMAT_JSONL) {
		tell_records(plan, result);
		return;
	}
	if (result->rounds)
		print_speeds(result);
	print_counts(result);
	print_firsts(plan, result);
}
