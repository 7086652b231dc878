/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/lanes.h"
#include "cli/race.h"
#include "plat/clock.h"

static double seconds(const struct lab_explore *explore)
{
	return (double)(lab_clock_mono_ns() - explore->state->started_ns) / 1e9;
}

static double per_second(const struct lab_explore *explore)
{
	double passed = seconds(explore);

	return passed > 0 ? (double)explore->state->schedules / passed : 0;
}

void lab_explore_emit_options(const struct lab_explore *explore, struct lab_emit *emit)
{
	const struct lab_explore_plan *plan = explore->plan;

	lab_emit_begin(emit, "options");
	lab_emit_text(emit, "target", plan->target_name);
	lab_emit_text(emit, "switches_at", plan->hooked ? "accesses" : "calls");
	lab_emit_bool(emit, "race", lab_cli_race_is_here());
	lab_emit_text(emit, "memory", plan->weak ? "c11" : "sc");
	lab_emit_text(emit, "strategy", plan->strategy);
	lab_emit_u64(emit, "seed", plan->seed);
	lab_emit_u64(emit, "schedules", plan->schedules);
	lab_emit_real(emit, "time_s", (double)plan->time_ns / 1e9, 1);
	if (plan->search_cpu_ns)
		lab_emit_real(emit, "cpu_time_s", (double)plan->search_cpu_ns / 1e9, 1);
	if (plan->preemptions != LAB_NOBODY)
		lab_emit_u64(emit, "preemptions", plan->preemptions);
	lab_emit_real(emit, "cpu_limit_s", (double)plan->cpu_ns / 1e9, 1);
	lab_emit_bool(emit, "keep_going", plan->keep_going);
	lab_emit_text(emit, "scenarios", plan->paths[0] ? "given" : plan->from ? plan->from : "generated");
	lab_emit_end(emit);
}

void lab_explore_tell_options(const struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;

	lab_explore_emit_options(explore, explore->emit);
	if (!plan->hooked)
		lab_cli_error("explore: %s is not hooked, so contexts switch at its calls only: see labyrinth-cc",
			      plan->target_name);
}

void lab_explore_tell_progress(struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;
	bool terminal = isatty(STDERR_FILENO);
	double passed = seconds(explore), limit = (double)plan->time_ns / 1e9;

	fprintf(stderr, "%sexplore: %.0f s, %" PRIu64 " scenarios, %" PRIu64 " schedules, %.0f/s, %zu%s traces",
		terminal ? "\r" : "", passed, explore->state->scenarios, explore->state->schedules, per_second(explore),
		explore->state->traces.count, explore->state->traces.full ? " and more" : "");
	if (!explore->state->traces.full)
		fprintf(stderr, ", unseen %.4f", lab_trace_set_unseen(&explore->state->traces));
	if (explore->state->bound)
		fprintf(stderr, ", bound %" PRIu64 " done", explore->state->bound - 1);
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
	lab_emit_bool(explore->emit, "complete", strategy->done && strategy->complete && !explore->plan->weak);
	lab_emit_text(explore->emit, "searched", text);
	lab_emit_end(explore->emit);
	fflush(stdout); /* the next scenario may end the process */
}

static void emit_finding(struct lab_emit *emit, const struct lab_explore_finding *finding)
{
	const struct lab_artifact_kept *kept = &finding->kept;
	const struct lab_rule_info *rule = lab_rule_info(kept->finding.rule);

	lab_emit_begin(emit, "finding");
	lab_emit_text(emit, "rule", rule->id);
	lab_emit_text(emit, "name", rule->slug);
	lab_emit_text(emit, "detail", kept->finding.detail);
	lab_emit_u64(emit, "met", finding->met);
	lab_emit_text(emit, kept->error ? "error" : "artifact", kept->error ? strerror(kept->error) : kept->path);
	lab_emit_u64(emit, "ops", kept->ops);
	lab_emit_u64(emit, "interrupts", kept->interrupts);
	lab_emit_u64(emit, "switches", kept->switches);
	lab_emit_u64(emit, "ops_before", kept->ops_before);
	lab_emit_u64(emit, "after_scenarios", finding->scenarios);
	lab_emit_u64(emit, "after_schedules", finding->schedules);
	lab_emit_real(emit, "after_cpu_s", (double)finding->cpu_ns / 1e9, 3);
	lab_emit_end(emit);
}

static void tell_findings(const struct lab_explore *explore)
{
	const struct lab_explore_state *state = explore->state;
	char again[64];

	snprintf(again, sizeof(again), "the same command with --seed %" PRIu64, explore->plan->seed);
	for (unsigned i = 0; i < state->finding_count; i++) {
		const struct lab_explore_finding *finding = &state->findings[i];

		if (explore->plan->format == LAB_FORMAT_JSONL)
			emit_finding(explore->emit, finding);
		else if (state->finding_count == 1 && !explore->plan->no_lanes && !finding->kept.error)
			lab_lanes_artifact("explore", finding->kept.path, explore->plan->cpu_ns);
		lab_artifact_tell(&finding->kept, finding->met, again, explore->plan->format);
	}
}

static void emit_end(const struct lab_explore *explore)
{
	const struct lab_explore_state *state = explore->state;
	struct lab_emit *emit = explore->emit;
	char hash[17];

	snprintf(hash, sizeof(hash), "%016" PRIx64, state->hash);
	lab_emit_begin(emit, "explore");
	lab_emit_real(emit, "seconds", seconds(explore), 2);
	lab_emit_u64(emit, "scenarios", state->scenarios);
	lab_emit_u64(emit, "complete", state->exhausted);
	lab_emit_u64(emit, "schedules", state->schedules);
	lab_emit_real(emit, "schedules_per_second", per_second(explore), 0);
	lab_emit_u64(emit, "traces", state->traces.count);
	if (!state->traces.full)
		lab_emit_real(emit, "unseen", lab_trace_set_unseen(&state->traces), 4);
	if (state->starved)
		lab_emit_u64(emit, "starved", state->starved);
	if (state->windows_unjudged)
		lab_emit_u64(emit, "windows_unjudged", state->windows_unjudged);
	lab_emit_u64(emit, "findings", state->finding_count);
	if (state->unlisted)
		lab_emit_u64(emit, "findings_unlisted", state->unlisted);
	lab_emit_text(emit, "event_hash", hash);
	lab_emit_end(emit);
}

void lab_explore_tell_end(struct lab_explore *explore)
{
	if (isatty(STDERR_FILENO) && explore->state->told_ns != explore->state->started_ns)
		fputc('\n', stderr);
	emit_end(explore);
	tell_findings(explore);
}
