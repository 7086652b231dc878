/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "plat/trap.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

const char *lab_stress_source_name(enum lab_live_source source)
{
	static const char *const names[] = {"timer", "storm", "inject"};

	return names[source];
}

void lab_stress_levels_text(unsigned levels, char text[LAB_STRESS_LEVELS_TEXT])
{
	static const char *const names[] = {"", "soft", "hard", "nmi"};

	text[0] = '\0';
	for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		if (levels & 1u << kind)
			snprintf(text + strlen(text), LAB_STRESS_LEVELS_TEXT - strlen(text), "%s%s", text[0] ? "," : "",
				 names[kind]);
	if (!text[0])
		strcpy(text, "none");
}

static const char *class_name(unsigned class)
{
	static const char *const names[] = {"ordinary", "high", "atomic", "memalloc"};

	return names[class];
}

/* What is looked at in calls that must not sleep; host services are in any case. */
static const char *sleep_check(const struct lab_stress_plan *plan)
{
	if (plan->sleep_allowed)
		return "off";
	if (!(plan->target->caps & lab_rule_info(LAB_R07_ATOMIC_SLEEP)->caps))
		return "off (the target promises nothing)";
	if (lab_trap_supported())
		return "system calls and locks";
	return LAB_SANITIZER_ANY ? "locks (no system calls: a sanitizer makes its own)"
				 : "locks (no system calls: the kernel cannot catch them)";
}

void lab_stress_tell_options(struct lab_emit *emit, const struct lab_stress_plan *plan)
{
	char levels[LAB_STRESS_LEVELS_TEXT], names[256] = "";

	for (size_t i = 0; i < plan->workload_count; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? "," : "",
			 plan->workloads[i]->name);
	lab_stress_levels_text(plan->levels, levels);
	lab_emit_begin(emit, "options");
	lab_emit_text(emit, "target", plan->target_name);
	lab_emit_text(emit, "workload", names);
	lab_emit_u64(emit, "threads", plan->threads);
	lab_emit_u64(emit, "irq", plan->irq_rate);
	lab_emit_text(emit, "irq_levels", levels);
	lab_emit_text(emit, "irq_source", lab_stress_source_name(plan->source));
	lab_emit_real(emit, "duration_s", (double)plan->duration_ns / 1e9, 1);
	lab_emit_u64(emit, "ops", plan->op_limit);
	lab_emit_u64(emit, "seed", plan->seed);
	lab_emit_u64(emit, "frames", plan->frames);
	lab_emit_u64(emit, "min", plan->min);
	lab_emit_real(emit, "watchdog_s", (double)plan->watchdog_ns / 1e9, 1);
	lab_emit_text(emit, "sleep_check", sleep_check(plan));
	lab_emit_real(emit, "hunt_s", (double)plan->hunt_ns / 1e9, 1);
	lab_emit_end(emit);
}

/* Nanoseconds in alloc by kind of context, where any was timed. */
static void tell_share_latency(struct lab_emit *emit, const struct lab_stress_latency *latency)
{
	lab_emit_group(emit, "alloc_ns");
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
		const struct lab_histogram *histogram = &latency->alloc[kind];

		if (!histogram->total)
			continue;
		lab_emit_group(emit, lab_context_kind_name((enum lab_context_kind)kind));
		lab_emit_u64(emit, "p50", lab_histogram_percentile(histogram, 500, 1000));
		lab_emit_u64(emit, "p99.9", lab_histogram_percentile(histogram, 999, 1000));
		lab_emit_u64(emit, "max", histogram->max);
		lab_emit_group_end(emit);
	}
	lab_emit_group_end(emit);
}

/* Of all rounds that nothing disturbed. */
static void tell_strand(struct lab_emit *emit, const struct lab_workload_shared *shared)
{
	/* relaxed: the run is over */
	uint64_t reserve = lab_load_relaxed(&shared->reserve), reached = lab_load_relaxed(&shared->reached);

	if (!reserve)
		return;
	lab_emit_begin(emit, "strand");
	lab_emit_u64(emit, "rounds", lab_load_relaxed(&shared->rounds));
	lab_emit_u64(emit, "reserve_frames", reserve);
	lab_emit_u64(emit, "reached_frames", reached);
	lab_emit_real(emit, "reached_percent", 100.0 * (double)reached / (double)reserve, 2);
	lab_emit_end(emit);
}

static void tell_plug(struct lab_emit *emit, const struct lab_workload_shared *shared)
{
	/* relaxed: the run is over */
	uint64_t removed = lab_load_relaxed(&shared->removed), refused = lab_load_relaxed(&shared->refused);

	if (!removed && !refused)
		return;
	lab_emit_begin(emit, "plug");
	lab_emit_u64(emit, "removed", removed);
	lab_emit_u64(emit, "refused", refused);
	lab_emit_u64(emit, "walks", lab_load_relaxed(&shared->walks));
	lab_emit_end(emit);
}

static void tell_workloads(struct lab_emit *emit, const struct lab_stress_result *result)
{
	for (size_t i = 0; i < result->share_count; i++) {
		const struct lab_stress_share *share = &result->shares[i];

		lab_emit_begin(emit, "workload");
		lab_emit_text(emit, "name", share->workload->name);
		lab_emit_real(emit, "seconds", (double)share->ns / 1e9, 2);
		lab_emit_u64(emit, "operations", share->ops);
		lab_emit_real(emit, "operations_per_second", (double)share->ops * 1e9 / (double)share->ns, 0);
		tell_share_latency(emit, &share->latency);
		lab_emit_end(emit);
	}
	tell_strand(emit, &result->shared);
	tell_plug(emit, &result->shared);
}

/* Relaxed: the run is over, and the threads' ends were waited for. */
#define SUM_OVER_ACTORS(live, field)                                                                                   \
	({                                                                                                             \
		uint64_t sum_ = 0;                                                                                     \
		for (unsigned actor_ = 0; actor_ < lab_live_actor_count(live); actor_++)                               \
			sum_ += lab_load_relaxed(&lab_live_actor(live, actor_)->counts.field);                         \
		sum_;                                                                                                  \
	})

static void tell_operations(struct lab_emit *emit, const struct lab_stress_result *result)
{
	uint64_t ns = 0, total = 0;

	for (size_t i = 0; i < result->share_count; i++) {
		ns += result->shares[i].ns;
		total += result->shares[i].ops;
	}
	lab_emit_begin(emit, "operations");
	lab_emit_u64(emit, "total", total);
	lab_emit_real(emit, "per_second", (double)total * 1e9 / (double)ns, 0);
	lab_emit_group(emit, "by_kind");
	for (unsigned kind = 0; kind < LAB_OP_KIND_COUNT; kind++)
		lab_emit_u64(emit, lab_op_name((enum lab_op_kind)kind), SUM_OVER_ACTORS(result->live, ops[kind]));
	lab_emit_group_end(emit);
	lab_emit_end(emit);

	lab_emit_begin(emit, "allocations");
	for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++) {
		lab_emit_group(emit, class_name(class));
		lab_emit_u64(emit, "succeeded", SUM_OVER_ACTORS(result->live, alloc_ok[class]));
		lab_emit_u64(emit, "failed", SUM_OVER_ACTORS(result->live, alloc_failed[class]));
		lab_emit_group_end(emit);
	}
	lab_emit_u64(emit, "failures_unjudged", lab_oracle_unjudged(lab_live_oracle(result->live)));
	lab_emit_u64(emit, "frames_unwatched", lab_oracle_unwatched(lab_live_oracle(result->live)));
	lab_emit_end(emit);
}

static void tell_interrupts(struct lab_emit *emit, const struct lab_live *live)
{
	uint64_t runs[LAB_CONTEXT_KIND_COUNT] = {0};

	for (unsigned i = 0; i < lab_live_actor_count(live); i++) /* relaxed: as above */
		runs[lab_live_actor(live, i)->kind] += lab_load_relaxed(&lab_live_actor(live, i)->counts.runs);
	lab_emit_begin(emit, "interrupts");
	for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		lab_emit_u64(emit, lab_context_kind_name((enum lab_context_kind)kind), runs[kind]);
	lab_emit_end(emit);
}

static void tell_histogram(struct lab_emit *emit, const char *name, const struct lab_histogram *histogram)
{
	lab_emit_group(emit, name);
	lab_emit_u64(emit, "count", histogram->total);
	lab_emit_u64(emit, "p50", lab_histogram_percentile(histogram, 500, 1000));
	lab_emit_u64(emit, "p90", lab_histogram_percentile(histogram, 900, 1000));
	lab_emit_u64(emit, "p99", lab_histogram_percentile(histogram, 990, 1000));
	lab_emit_u64(emit, "p99.9", lab_histogram_percentile(histogram, 999, 1000));
	lab_emit_u64(emit, "max", histogram->max);
	lab_emit_group_end(emit);
}

/* Nanoseconds in the target, interrupts that came meanwhile included. */
static void tell_latency(struct lab_emit *emit, const struct lab_stress_latency *latency)
{
	lab_emit_begin(emit, "latency_ns");
	lab_emit_u64(emit, "one_sampled_in", LAB_STRESS_SAMPLE);
	lab_emit_group(emit, "alloc");
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		tell_histogram(emit, lab_context_kind_name((enum lab_context_kind)kind), &latency->alloc[kind]);
	lab_emit_group_end(emit);
	lab_emit_group(emit, "free");
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		tell_histogram(emit, lab_context_kind_name((enum lab_context_kind)kind), &latency->free[kind]);
	lab_emit_group_end(emit);
	lab_emit_end(emit);
}

/* The least frames that belonged to no owner just after a success of the class, against the floor it may go down to. */
static void tell_reserve(struct lab_emit *emit, const struct lab_live *live)
{
	const struct lab_oracle *oracle = lab_live_oracle(live);

	lab_emit_begin(emit, "reserve");
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		lab_emit_group(emit, lab_zone_name(zone));
		lab_emit_u64(emit, "frames", lab_oracle_total(oracle, (enum lab_zone)zone));
		for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++) {
			uint64_t low = lab_oracle_low_water(oracle, (enum lab_zone)zone, (enum lab_class) class);

			lab_emit_group(emit, class_name(class));
			if (low != UINT64_MAX) /* no success of this class: no low-water mark */
				lab_emit_u64(emit, "low_water", low);
			lab_emit_u64(
				emit, "floor",
				lab_class_floor((enum lab_class) class, lab_live_least_min(live, (enum lab_zone)zone)));
			lab_emit_group_end(emit);
		}
		lab_emit_group_end(emit);
	}
	lab_emit_end(emit);
}

void lab_stress_tell_result(struct lab_emit *emit, const struct lab_stress_plan *plan,
			    const struct lab_stress_result *result)
{
	const struct lab_finding *finding = lab_live_finding(result->live);
	char *stack;

	tell_workloads(emit, result);
	tell_operations(emit, result);
	tell_interrupts(emit, result->live);
	tell_latency(emit, &result->latency);
	if (plan->target->caps & LAB_CAP_RESERVE)
		tell_reserve(emit, result->live);
	lab_emit_begin(emit, "verdict");
	lab_emit_bool(emit, "clean", !finding);
	lab_emit_bool(emit, "stopped_early", result->stopped);
	if (finding) {
		lab_emit_text(emit, "rule", lab_rule_info(finding->rule)->id);
		lab_emit_text(emit, "slug", lab_rule_info(finding->rule)->slug);
		lab_emit_text(emit, "detail", finding->detail);
		stack = lab_stress_stack(result->live, " < ");
		if (stack)
			lab_emit_text(emit, "stack", stack);
		free(stack);
		lab_emit_text(emit, "log", result->trail.log);
		if (result->trail.scene[0])
			lab_emit_text(emit, "events", result->trail.scene);
		if (result->trail.artifact[0])
			lab_emit_text(emit, "artifact", result->trail.artifact);
	}
	lab_emit_end(emit);
}
