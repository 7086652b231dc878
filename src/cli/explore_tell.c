/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/explore.h"
#include "cli/race.h"
#include "plat/clock.h"

static double seconds(const struct lab_explore *explore)
{
	return (double)(lab_clock_mono_ns() - explore->started_ns) / 1e9;
}

static double per_second(const struct lab_explore *explore)
{
	double passed = seconds(explore);

	return passed > 0 ? (double)explore->schedules / passed : 0;
}

void lab_explore_tell_options(const struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;
	struct lab_emit *emit = explore->emit;

	lab_emit_begin(emit, "options");
	lab_emit_text(emit, "target", plan->target_name);
	lab_emit_text(emit, "switches_at", plan->hooked ? "accesses" : "calls");
	lab_emit_bool(emit, "race", lab_cli_race_is_here());
	lab_emit_text(emit, "strategy", plan->strategy);
	lab_emit_u64(emit, "seed", plan->seed);
	lab_emit_u64(emit, "schedules", plan->schedules);
	lab_emit_real(emit, "time_s", (double)plan->time_ns / 1e9, 1);
	if (plan->preemptions != LAB_NOBODY)
		lab_emit_u64(emit, "preemptions", plan->preemptions);
	lab_emit_text(emit, "scenarios", plan->paths[0] ? "given" : plan->from ? plan->from : "generated");
	lab_emit_end(emit);
}

void lab_explore_tell_progress(struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;
	bool terminal = isatty(STDERR_FILENO);
	double passed = seconds(explore), limit = (double)plan->time_ns / 1e9;

	fprintf(stderr, "%sexplore: %.0f s, %" PRIu64 " scenarios, %" PRIu64 " schedules, %.0f/s, %zu%s traces",
		terminal ? "\r" : "", passed, explore->scenarios, explore->schedules, per_second(explore),
		explore->traces.count, explore->traces.full ? " and more" : "");
	if (!explore->traces.full)
		fprintf(stderr, ", unseen %.4f", lab_trace_set_unseen(&explore->traces));
	if (explore->bound)
		fprintf(stderr, ", bound %" PRIu64 " done", explore->bound - 1);
	if (plan->time_ns)
		fprintf(stderr, ", %.0f s left", limit > passed ? limit - passed : 0);
	fprintf(stderr, "%s", terminal ? "\033[K" : "\n");
}

void lab_explore_tell_scenario(const struct lab_explore *explore, const char *name, uint64_t schedules,
			       const struct lab_strategy *strategy)
{
	char text[256];

	strategy->ops->tell(strategy, text, sizeof(text));
	lab_emit_begin(explore->emit, "scenario");
	lab_emit_text(explore->emit, "file", name);
	lab_emit_u64(explore->emit, "schedules", schedules);
	lab_emit_bool(explore->emit, "complete", strategy->done && strategy->complete);
	lab_emit_text(explore->emit, "searched", text);
	lab_emit_end(explore->emit);
}

void lab_explore_tell_end(struct lab_explore *explore)
{
	struct lab_emit *emit = explore->emit;

	if (explore->told)
		return;
	explore->told = true;
	if (isatty(STDERR_FILENO) && explore->told_ns != explore->started_ns)
		fputc('\n', stderr);
	lab_emit_begin(emit, "explore");
	lab_emit_real(emit, "seconds", seconds(explore), 2);
	lab_emit_u64(emit, "scenarios", explore->scenarios);
	lab_emit_u64(emit, "complete", explore->exhausted);
	lab_emit_u64(emit, "schedules", explore->schedules);
	lab_emit_real(emit, "schedules_per_second", per_second(explore), 0);
	lab_emit_u64(emit, "traces", explore->traces.count);
	if (!explore->traces.full)
		lab_emit_real(emit, "unseen", lab_trace_set_unseen(&explore->traces), 4);
	lab_emit_end(emit);
}
