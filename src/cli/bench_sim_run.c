/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cli/bench_sim_search.h"
#include "plat/clock.h"
#include "plat/coroutine.h"

#define SWITCHES   200000u
#define STACK_SIZE (64u << 10)

struct pair {
	struct lab_coroutine *here, *there;
};

static void switch_back(void *arg)
{
	struct pair *pair = arg;

	for (;;)
		lab_coroutine_switch(pair->there, pair->here);
}

static enum lab_status measure_switch(double *ret_ns)
{
	struct pair pair = {0};
	enum lab_status status = lab_coroutine_adopt(&pair.here);
	uint64_t began;

	if (status == LAB_OK)
		status = lab_coroutine_create(STACK_SIZE, switch_back, &pair, &pair.there);
	if (status == LAB_OK) {
		began = lab_clock_thread_ns();
		for (unsigned i = 0; i < SWITCHES / 2; i++)
			lab_coroutine_switch(pair.here, pair.there);
		*ret_ns = (double)(lab_clock_thread_ns() - began) / SWITCHES;
	}
	lab_coroutine_destroy(pair.there);
	lab_coroutine_destroy(pair.here);
	return status;
}

/* Stays where it is: a refusal is noisier, not wrong. */
static void pin(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	if (cpu < 0)
		return;
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static enum lab_status sample_speed(const struct lab_bench_sim_plan *plan, struct lab_bench_sim_rig *rig,
				    struct lab_bench_sim_case *one, unsigned round)
{
	for (unsigned i = 0; i < LAB_BENCH_SIM_STRATEGIES; i++) {
		struct lab_bench_sim_speed *speed = &one->speeds[i];
		struct lab_bench_sim_search search = {
			.strategy = i ? speed->strategy : NULL,
			.seed = plan->seed + round,
			.schedules_most = UINT64_MAX,
			.ns_most = plan->sample_ns,
			.settled = true,
			.repeats = true,
			.stopped = plan->stopped,
		};
		enum lab_status status = lab_bench_sim_search(rig, &search);

		if (status != LAB_OK)
			return status;
		if (search.rule != LAB_RULE_COUNT)
			one->rule = search.rule;
		speed->samples[round] = (double)search.schedules * 1e9 / (double)search.ns;
		speed->steps = (double)search.steps / (double)search.schedules; /* a schedule, until the end */
	}
	return LAB_OK;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median_of(double *values, unsigned count)
{
	qsort(values, count, sizeof(values[0]), compare_doubles);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void summarise(struct lab_bench_sim_case *one, unsigned rounds)
{
	double *ratios = calloc(rounds, sizeof(ratios[0]));

	lab_assert(ratios);
	for (unsigned i = LAB_BENCH_SIM_STRATEGIES; i-- > 0;) { /* the floor last: its samples are sorted then */
		struct lab_bench_sim_speed *speed = &one->speeds[i];

		for (unsigned round = 0; round < rounds; round++)
			ratios[round] = speed->samples[round] / one->speeds[0].samples[round];
		speed->ratio = median_of(ratios, rounds);
		speed->schedules = median_of(speed->samples, rounds);
		speed->steps *= speed->schedules;
	}
	free(ratios);
}

static enum lab_status count_schedules(const struct lab_bench_sim_plan *plan, struct lab_bench_sim_rig *rig,
				       struct lab_bench_sim_case *one)
{
	struct lab_bench_sim_search search = {.strategy = "bound",
					      .schedules_most = UINT64_MAX,
					      .ns_most = plan->search_ns,
					      .settled = true,
					      .stopped = plan->stopped};
	enum lab_status status = lab_bench_sim_search(rig, &search);

	if (status != LAB_OK || search.rule != LAB_RULE_COUNT) {
		one->rule = search.rule;
		return status;
	}
	one->bounds = search.bounds;
	memcpy(one->within, search.within, sizeof(one->within));
	search.strategy = "dpor";
	status = lab_bench_sim_search(rig, &search);
	one->dpor = search.schedules;
	one->exhausted = search.complete;
	one->rule = search.rule;
	return status;
}

static int compare_counts(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* A search that no seed decides is made once. */
static bool is_random(const char *strategy)
{
	return strcmp(strategy, "bound") != 0 && strcmp(strategy, "irq") != 0 && strcmp(strategy, "dpor") != 0;
}

static enum lab_status find_first(const struct lab_bench_sim_plan *plan, struct lab_bench_sim_rig *rig,
				  struct lab_bench_sim_case *one, struct lab_bench_sim_first *first)
{
	uint64_t *runs = calloc(plan->rounds, sizeof(runs[0]));
	enum lab_status status = LAB_OK;

	lab_assert(runs);
	first->tries = is_random(first->strategy) ? plan->rounds : 1;
	for (unsigned i = 0; i < first->tries && status == LAB_OK; i++) {
		struct lab_bench_sim_search search = {.strategy = first->strategy,
						      .seed = plan->seed + i,
						      .schedules_most = plan->limit,
						      .ns_most = UINT64_MAX,
						      .stopped = plan->stopped};

		status = lab_bench_sim_search(rig, &search);
		runs[i] = search.rule != LAB_RULE_COUNT ? search.schedules : UINT64_MAX;
		first->found += search.rule != LAB_RULE_COUNT;
		if (search.rule != LAB_RULE_COUNT)
			one->rule = search.rule;
	}
	qsort(runs, first->tries, sizeof(runs[0]), compare_counts);
	first->median = runs[first->tries / 2] == UINT64_MAX ? 0 : runs[first->tries / 2];
	free(runs);
	return status;
}

static void name_strategies(struct lab_bench_sim_case *one, unsigned rounds)
{
	for (unsigned i = 0; i < LAB_BENCH_SIM_STRATEGIES; i++) {
		one->firsts[i].strategy = one->speeds[i].strategy = i ? lab_strategy_names[i - 1] : "none";
		one->speeds[i].samples = calloc(rounds, sizeof(double));
		lab_assert(one->speeds[i].samples);
	}
	lab_assert(!lab_strategy_names[LAB_BENCH_SIM_STRATEGIES - 1]);
}

static enum lab_status measure(const struct lab_bench_sim_plan *plan, struct lab_bench_sim_rig *rigs,
			       struct lab_bench_sim_result *result)
{
	enum lab_status status = LAB_OK;

	for (; result->rounds < plan->rounds && !plan->stopped(); result->rounds++)
		for (size_t i = 0; i < result->case_count && status == LAB_OK; i++)
			if (result->cases[i].program->clean)
				status = sample_speed(plan, &rigs[i], &result->cases[i], result->rounds);
	for (size_t i = 0; i < result->case_count && status == LAB_OK; i++) {
		struct lab_bench_sim_case *one = &result->cases[i];

		if (one->program->clean && result->rounds)
			summarise(one, result->rounds);
		if (one->program->counted && one->rule == LAB_RULE_COUNT && !plan->stopped())
			status = count_schedules(plan, &rigs[i], one);
		for (unsigned s = 1; s < LAB_BENCH_SIM_STRATEGIES && !one->program->clean && !plan->stopped(); s++)
			if (status == LAB_OK)
				status = find_first(plan, &rigs[i], one, &one->firsts[s]);
	}
	return status;
}

enum lab_status lab_bench_sim(const struct lab_bench_sim_plan *plan, struct lab_bench_sim_result *ret_result,
			      char *message, size_t room)
{
	struct lab_bench_sim_rig *rigs = calloc(lab_bench_sim_program_count, sizeof(rigs[0]));
	struct lab_bench_sim_result result = {0};
	enum lab_status status = LAB_OK;

	result.cases = calloc(lab_bench_sim_program_count, sizeof(result.cases[0]));
	lab_assert(rigs && result.cases);
	pin();
	for (size_t i = 0; i < lab_bench_sim_program_count && status == LAB_OK; i++) {
		const struct lab_bench_sim_program *program = &lab_bench_sim_programs[i];
		struct lab_bench_sim_case *one = &result.cases[result.case_count];

		if (plan->only && strcmp(plan->only, program->name) != 0)
			continue;
		*one = (struct lab_bench_sim_case){.program = program, .rule = LAB_RULE_COUNT};
		name_strategies(one, plan->rounds);
		status = lab_bench_sim_rig_open(&rigs[result.case_count++], program, message, room);
	}
	if (status == LAB_OK) {
		status = measure_switch(&result.switch_ns);
		if (status == LAB_OK)
			status = measure(plan, rigs, &result);
		if (status != LAB_OK)
			snprintf(message, room, "bench: the engine: %s", lab_status_name(status));
	}
	for (size_t i = 0; i < result.case_count; i++)
		lab_bench_sim_rig_close(&rigs[i]);
	free(rigs);
	if (status == LAB_OK)
		*ret_result = result;
	else
		lab_bench_sim_free(&result);
	return status;
}

void lab_bench_sim_free(struct lab_bench_sim_result *result)
{
	for (size_t i = 0; i < result->case_count; i++)
		for (unsigned s = 0; s < LAB_BENCH_SIM_STRATEGIES; s++)
			free(result->cases[i].speeds[s].samples);
	free(result->cases);
}
