/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/bench_tail.h"
#include "cli/stress.h"

static uint64_t bound_of(const struct lab_tail_story *story)
{
	return story->bound.alone + story->bound.each_write * story->writes;
}

static void print_steps(const struct lab_tail_result *result)
{
	printf("\nthe longest atomic request for one frame, in atomic accesses to shared words: its own; with those of "
	       "who\n"
	       "interrupted it; writes of others while it was under way, and the bound for so many\n\n"
	       "%-8s %4s %9s %9s %5s %8s %7s",
	       "story", "cpus", "schedules", "calls", "own", "with irq", "writes");
	printf("%s\n", result->bounded ? "    bound  closest  over" : "");
	for (size_t i = 0; i < result->story_count; i++) {
		const struct lab_tail_story *story = &result->stories[i];

		printf("%-8s %4u %9" PRIu64 " %9" PRIu64 " %5" PRIu64 " %8" PRIu64 " %7" PRIu64, story->name,
		       story->cpus, story->schedules, story->calls, story->own, story->with_others, story->writes);
		if (result->bounded)
			printf(" %8" PRIu64 " %8" PRIu64 " %5" PRIu64 "   %" PRIu64 " + %" PRIu64 " x writes",
			       bound_of(story), story->least_slack, story->over, story->bound.alone,
			       story->bound.each_write);
		printf("\n");
	}
	if (result->bounded)
		printf("\nclosest: the least that any call stayed below its bound by. The bound is derived in "
		       "src/core/steps.c:\nwrites of others x (the window of chunks that are compared + 3) + for each "
		       "zone of C chunks, with P CPUs\nof S slots each, 332 C + 222 P S + 217 S + 18 P + 301, + 20 at "
		       "the "
		       "most.\n");
}

static void print_live(const struct lab_tail_result *result)
{
	printf("\nnanoseconds of an atomic request for one frame under nested interrupts, those included, by what "
	       "interrupts\n\n%-8s %-8s %10s %8s %8s %8s %8s %9s\n",
	       "source", "context", "calls", "p50", "p99", "p99.9", "p99.99", "max");
	for (size_t i = 0; i < result->live_count; i++)
		for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
			const struct lab_histogram *ns = &result->lives[i].ns[kind];

			printf("%-8s %-8s %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64
			       "\n",
			       lab_stress_source_name(result->lives[i].source),
			       lab_context_kind_name((enum lab_context_kind)kind), ns->total,
			       lab_histogram_percentile(ns, 50, 100), lab_histogram_percentile(ns, 99, 100),
			       lab_histogram_percentile(ns, 999, 1000), lab_histogram_percentile(ns, 9999, 10000),
			       ns->max);
		}
}

static void tell_story(struct lab_emit *emit, const struct lab_tail_story *story, bool bounded)
{
	lab_emit_begin(emit, "bench-tail-steps");
	lab_emit_text(emit, "story", story->name);
	lab_emit_u64(emit, "cpus", story->cpus);
	lab_emit_u64(emit, "schedules", story->schedules);
	lab_emit_u64(emit, "calls", story->calls);
	lab_emit_u64(emit, "own", story->own);
	lab_emit_u64(emit, "with_interrupts", story->with_others);
	lab_emit_u64(emit, "writes", story->writes);
	if (bounded) {
		lab_emit_u64(emit, "bound", bound_of(story));
		lab_emit_u64(emit, "bound_alone", story->bound.alone);
		lab_emit_u64(emit, "bound_each_write", story->bound.each_write);
		lab_emit_u64(emit, "closest", story->least_slack);
		lab_emit_u64(emit, "over", story->over);
	}
	lab_emit_end(emit);
}

static void tell_live(struct lab_emit *emit, const struct lab_tail_live *live)
{
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
		const struct lab_histogram *ns = &live->ns[kind];

		lab_emit_begin(emit, "bench-tail-ns");
		lab_emit_text(emit, "source", lab_stress_source_name(live->source));
		lab_emit_text(emit, "context", lab_context_kind_name((enum lab_context_kind)kind));
		lab_emit_u64(emit, "calls", ns->total);
		lab_emit_u64(emit, "p50", lab_histogram_percentile(ns, 50, 100));
		lab_emit_u64(emit, "p99", lab_histogram_percentile(ns, 99, 100));
		lab_emit_u64(emit, "p99.9", lab_histogram_percentile(ns, 999, 1000));
		lab_emit_u64(emit, "p99.99", lab_histogram_percentile(ns, 9999, 10000));
		lab_emit_u64(emit, "max", ns->max);
		lab_emit_end(emit);
	}
}

void lab_bench_tail_tell(const struct lab_tail_plan *plan, const struct lab_tail_result *result, enum lab_format format)
{
	struct lab_emit *emit;

	if (format != LAB_FORMAT_JSONL) {
		print_steps(result);
		print_live(result);
		return;
	}
	emit = lab_emit_open(stdout, format);
	for (size_t i = 0; i < result->story_count; i++)
		tell_story(emit, &result->stories[i], result->bounded);
	for (size_t i = 0; i < result->live_count; i++)
		tell_live(emit, &result->lives[i]);
	lab_emit_close(emit);
}
