/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench_sample.h"
#include "plat/vm.h"

#define ARENA_BYTES ((size_t)1 << 30)
#define PAGE_SHIFT  12u
#define FRAMES      (ARENA_BYTES >> PAGE_SHIFT)
/* Linux's default for 1 GiB: min_free_kbytes = sqrt(16 * 1048576) = 4096. */
#define MIN_FRAMES UINT64_C(1024)

/* What LAB_BENCH_FULL90 fills: short of all, since each target may keep some in caches and some for others. */
#define FULL_FRAMES (FRAMES / 16 * 15)

static const unsigned orders[] = {0, 9};

/* A target over an arena of its own; lives for the whole run. */
struct rig {
	const struct lab_target *target;
	struct lab_machine machine;
	void *self;
};

static const struct lab_span bench_span = {.first_frame = 0, .frame_count = FRAMES, .zone = LAB_ZONE_NORMAL};
static const struct lab_zone_marks bench_zones[LAB_ZONE_COUNT] = {
	[LAB_ZONE_NORMAL] = {.min = MIN_FRAMES,
			     .low = MIN_FRAMES + MIN_FRAMES / 4,
			     .high = MIN_FRAMES + MIN_FRAMES / 2,
			     .frames = FRAMES},
};

const char *lab_bench_pattern_name(enum lab_bench_pattern pattern)
{
	static const char *const names[LAB_BENCH_PATTERN_COUNT] = {
		[LAB_BENCH_REPEAT] = "repeat",
		[LAB_BENCH_BULK] = "bulk",
		[LAB_BENCH_RANDOM] = "random",
		[LAB_BENCH_FULL90] = "full90",
	};

	lab_assert_cmp(pattern, <, LAB_BENCH_PATTERN_COUNT);
	return names[pattern];
}

static enum lab_status rig_create(struct rig *rig, const struct lab_target *target, char *message, size_t room)
{
	enum lab_status status;
	void *base;

	status = lab_vm_map(ARENA_BYTES, &base);
	if (status != LAB_OK) {
		snprintf(message, room, "bench: an arena of 1 GiB: %s", lab_status_name(status));
		return status;
	}
	*rig = (struct rig){
		.target = target,
		.machine = {.base = base,
			    .frame_count = FRAMES,
			    .page_shift = PAGE_SHIFT,
			    .order_max = LAB_ORDER_MAX,
			    .cpu_count = LAB_BENCH_THREAD_MAX,
			    .spans = &bench_span,
			    .span_count = 1,
			    .zones = bench_zones,
			    .zone_count = LAB_ZONE_COUNT,
			    .host = &lab_bench_host},
	};
	status = target->create(&rig->machine, &rig->self);
	if (status != LAB_OK) {
		snprintf(message, room, "bench: %s: create: %s", target->name, lab_status_name(status));
		lab_vm_unmap(base, ARENA_BYTES);
		rig->target = NULL;
	}
	return status;
}

static void rigs_destroy(struct rig *rigs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!rigs[i].target)
			continue;
		rigs[i].target->destroy(rigs[i].self);
		lab_vm_unmap(rigs[i].machine.base, ARENA_BYTES);
	}
	free(rigs);
}

/* The processors this program may use, at most LAB_BENCH_THREAD_MAX of them; answers how many there are. */
static unsigned usable_cpus(unsigned *cpus)
{
	unsigned count = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && count < LAB_BENCH_THREAD_MAX; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[count++] = cpu;
	return count;
}

static struct lab_bench_case *add_case(struct lab_bench_result *result, unsigned rounds, struct lab_bench_case bench)
{
	struct lab_bench_case *grown = realloc(result->cases, (result->case_count + 1) * sizeof(result->cases[0]));

	lab_assert(grown);
	result->cases = grown;
	bench.ns = calloc(rounds, sizeof(bench.ns[0]));
	lab_assert(bench.ns);
	result->cases[result->case_count] = bench;
	return &result->cases[result->case_count++];
}

/* The floor of each number of threads first: its index is threads - 1. */
static void list_cases(const struct lab_bench_plan *plan, unsigned thread_max, struct lab_bench_result *result)
{
	for (unsigned threads = 1; threads <= thread_max; threads++)
		add_case(result, plan->rounds, (struct lab_bench_case){.threads = threads});
	for (unsigned o = 0; o < LAB_ARRAY_COUNT(orders); o++)
		for (unsigned pattern = 0; pattern < LAB_BENCH_PATTERN_COUNT; pattern++)
			for (unsigned threads = 1; threads <= thread_max; threads++)
				for (size_t t = 0; t < plan->target_count && plan->patterns & 1u << pattern; t++)
					add_case(result, plan->rounds,
						 (struct lab_bench_case){.target = plan->targets[t],
									 .pattern = (enum lab_bench_pattern)pattern,
									 .order = orders[o],
									 .threads = threads});
}

static void *self_of(const struct rig *rigs, size_t count, const struct lab_target *target)
{
	for (size_t i = 0; i < count; i++)
		if (rigs[i].target == target)
			return rigs[i].self;
	return NULL;
}

/* One round: every case once, in an order drawn anew, so that no case always follows the same one. */
static enum lab_status run_round(const struct lab_bench_plan *plan, const struct rig *rigs, const unsigned *cpus,
				 struct lab_prng *prng, struct lab_bench_result *result, char *message, size_t room)
{
	size_t *turn = calloc(result->case_count, sizeof(turn[0]));
	enum lab_status status = LAB_OK;

	lab_assert(turn);
	for (size_t i = 0; i < result->case_count; i++) {
		size_t other = (size_t)lab_prng_below(prng, i + 1);

		turn[i] = turn[other];
		turn[other] = i;
	}
	for (size_t i = 0; i < result->case_count && status == LAB_OK; i++) {
		struct lab_bench_case *bench = &result->cases[turn[i]];
		struct lab_bench_sample sample = {.bench = bench,
						  .self = self_of(rigs, plan->target_count, bench->target),
						  .pairs = bench->order ? plan->pairs / 8 : plan->pairs,
						  .full_blocks =
							  (unsigned)(FULL_FRAMES >> bench->order) / bench->threads};

		memcpy(sample.cpus, cpus, sizeof(sample.cpus));
		status = lab_bench_sample_run(&sample, prng, &bench->ns[result->rounds]);
		if (status != LAB_OK)
			snprintf(message, room, "bench: %s: %s order %u with %u threads: %s", bench->target->name,
				 lab_bench_pattern_name(bench->pattern), bench->order, bench->threads,
				 lab_status_name(status));
	}
	free(turn);
	return status;
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

/* The median of ns / base_ns, round by round; *ret_spread as struct lab_bench_case has it. */
static double ratio_of(const double *ns, const double *base_ns, double *values, unsigned rounds, double *ret_spread)
{
	double median;

	for (unsigned round = 0; round < rounds; round++)
		values[round] = ns[round] / base_ns[round];
	median = median_of(values, rounds);
	*ret_spread = (values[(rounds - 1) * 3 / 4] - values[(rounds - 1) / 4]) / median;
	return median;
}

static void summarise(const struct lab_bench_plan *plan, struct lab_bench_result *result)
{
	double *values = calloc(result->rounds, sizeof(values[0]));
	const double *first_ns = result->cases[0].ns;

	lab_assert(values);
	for (size_t i = 0; i < result->case_count; i++) {
		struct lab_bench_case *bench = &result->cases[i];
		double unused;

		/* list_cases: of each pattern, order and number of threads, the first target's case comes first. */
		if (!bench->target || bench->target == plan->targets[0])
			first_ns = bench->ns;
		memcpy(values, bench->ns, result->rounds * sizeof(values[0]));
		bench->ns_median = median_of(values, result->rounds);
		bench->ns_least = values[0];
		bench->ratio_to_floor =
			ratio_of(bench->ns, result->cases[bench->threads - 1].ns, values, result->rounds, &unused);
		bench->ratio_to_first = ratio_of(bench->ns, first_ns, values, result->rounds, &bench->spread);
	}
	free(values);
	if (getloadavg(&result->load, 1) != 1)
		result->load = 0;
}

enum lab_status lab_bench_alloc(const struct lab_bench_plan *plan, struct lab_bench_result *ret_result, char *message,
				size_t room)
{
	struct lab_bench_result result = {0};
	unsigned cpus[LAB_BENCH_THREAD_MAX] = {0};
	unsigned cpu_count = usable_cpus(cpus);
	struct rig *rigs = calloc(plan->target_count, sizeof(rigs[0]));
	enum lab_status status = LAB_OK;
	struct lab_prng prng;

	lab_assert(rigs && plan->rounds > 0);
	lab_prng_seed(&prng, plan->seed, 0);
	list_cases(plan, LAB_MAX(1u, LAB_MIN(cpu_count, plan->thread_max)), &result);
	for (size_t i = 0; i < plan->target_count && status == LAB_OK; i++)
		status = rig_create(&rigs[i], plan->targets[i], message, room);
	while (status == LAB_OK && result.rounds < plan->rounds && !plan->stopped()) {
		status = run_round(plan, rigs, cpus, &prng, &result, message, room);
		result.rounds++;
	}
	rigs_destroy(rigs, plan->target_count);
	if (status != LAB_OK) {
		lab_bench_result_free(&result);
		return status;
	}
	if (result.rounds)
		summarise(plan, &result);
	*ret_result = result;
	return LAB_OK;
}

void lab_bench_result_free(struct lab_bench_result *result)
{
	for (size_t i = 0; i < result->case_count; i++)
		free(result->cases[i].ns);
	free(result->cases);
	*result = (struct lab_bench_result){0};
}
