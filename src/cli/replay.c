/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/crash_stack.h"
#include "cli/input.h"
#include "cli/lanes.h"
#include "cli/race.h"
#include "cli/replay_run.h"
#include "report/finding.h"
#include "report/walk.h"

#define CPU_LIMIT_DEFAULT "60s"

struct replay {
	const char *target, *html;
	int trace, lanes, all_steps, no_lanes, sequential, hooked;
	uint64_t cpu_ns, times;
	enum lab_format format;
	struct lab_emit *emit;
	unsigned files, seen; /* seen: a bit for each exit code that a file earned */
};

static const char *rule_of(const struct lab_sim_result *result)
{
	return result->found ? lab_rule_info(result->finding.rule)->id : "no finding";
}

/* That runs differ says more than what one of them found. NULL: none. */
static const struct lab_finding *finding_of(const struct lab_replay_outcome *outcome)
{
	if (outcome->other_run)
		return &outcome->unsteady;
	return outcome->first.found ? &outcome->first.finding : NULL;
}

static void emit_result(struct replay *replay, const char *path, const char *target, const char *engine,
			const struct lab_replay_outcome *outcome)
{
	const struct lab_sim_result *result = &outcome->first;
	const struct lab_finding *finding = finding_of(outcome);
	char hash[17], agreed[64];

	snprintf(agreed, sizeof(agreed), "%" PRIu64 " of %" PRIu64, outcome->agreed, outcome->runs);
	snprintf(hash, sizeof(hash), "%016" PRIx64, result->event_hash);
	lab_emit_begin(replay->emit, "replay");
	lab_emit_text(replay->emit, "file", path);
	lab_emit_text(replay->emit, "target", target);
	lab_emit_text(replay->emit, "engine", engine);
	lab_emit_u64(replay->emit, "ops", result->op_count);
	lab_emit_u64(replay->emit, "events", result->event_count);
	lab_emit_u64(replay->emit, "softirqs", result->interrupts[LAB_CONTEXT_SOFTIRQ]);
	lab_emit_u64(replay->emit, "hardirqs", result->interrupts[LAB_CONTEXT_HARDIRQ]);
	lab_emit_u64(replay->emit, "nmis", result->interrupts[LAB_CONTEXT_NMI]);
	lab_emit_u64(replay->emit, "unjudged", result->unjudged);
	lab_emit_u64(replay->emit, "windows", result->windows);
	if (result->windows_unjudged)
		lab_emit_u64(replay->emit, "windows_unjudged", result->windows_unjudged);
	lab_emit_bool(replay->emit, "starved", result->starved);
	lab_emit_text(replay->emit, "event_hash", hash);
	lab_emit_text(replay->emit, "replayed", agreed);
	lab_emit_text(replay->emit, "finding", finding ? lab_rule_info(finding->rule)->id : "none");
	if (finding)
		lab_emit_text(replay->emit, "detail", finding->detail);
	if (outcome->divergence.is)
		lab_emit_text(replay->emit, "diverged", outcome->divergence.why);
	lab_emit_end(replay->emit);
}

/* That does the same again; more: options besides. */
static void command_of(const struct replay *replay, const char *more, const char *path, const char *target,
		       const struct lab_artifact *artifact, char *text, size_t room)
{
	bool say_target = strcmp(artifact->target, target) != 0 && strcmp(target, "core") != 0;

	snprintf(text, room, "labyrinth replay %s%s%s%s%s%s%s", more, replay->sequential ? "--sequential " : "",
		 replay->hooked ? "--hooked " : "", say_target ? "--target " : "", say_target ? target : "",
		 say_target ? " " : "", path);
}

static void print_finding(const struct replay *replay, const char *path, const char *target,
			  const struct lab_artifact *artifact, const struct lab_finding *finding)
{
	char note[64], command[LAB_WALK_PATH + 128];
	const struct lab_finding_trail trail = {"artifact", path, note, command};

	snprintf(note, sizeof(note), "%zu ops, %zu contexts", artifact->scenario.op_count,
		 artifact->scenario.context_count);
	command_of(replay, "", path, target, artifact, command, sizeof(command));
	/* a program reads the record; the lines are for people */
	lab_finding_print(replay->format == LAB_FORMAT_TEXT ? stdout : stderr, finding, &trail);
}

/* Under another target or another build the choices need not fit: then the run says nothing of the recorded one. */
static void tell_divergence(const char *path, const struct lab_artifact *artifact,
			    const struct lab_divergence *divergence)
{
	const struct lab_choice *expected = &divergence->expected;
	const struct lab_scenario_context asker = lab_scenario_actor(&artifact->scenario, expected->asker),
					  chosen = lab_scenario_actor(&artifact->scenario, expected->chosen);

	lab_cli_error("replay: %s: diverged at event %" PRIu32
		      " of %s, where %s %s: %s: the code is another than when it "
		      "was recorded",
		      path, expected->event, expected->asker == LAB_CHOICE_ENGINE ? "the engine" : asker.name,
		      chosen.name, expected->fires ? "came in" : "moved", divergence->why);
}

/* Every choice fitted, or there was none, and yet it was another run. */
static void tell_other_hash(const char *path, const struct lab_artifact *artifact, const struct lab_sim_result *first)
{
	lab_cli_error("replay: %s: diverged after the last of %zu choices: event hash %016" PRIx64
		      " is not the recorded %016" PRIx64 ": the code is another than when it was recorded",
		      path, artifact->choices.count, first->event_hash, artifact->event_hash);
}

/* The exit code that the outcome earns; what is not as it should be is told on stderr. */
static int judge(const char *path, const struct lab_artifact *artifact, const struct lab_replay_outcome *outcome)
{
	const struct lab_sim_result *first = &outcome->first;
	const struct lab_rule_info *expected;

	if (outcome->other_run) {
		lab_cli_error("replay: %s: replayed %" PRIu64 " of %" PRIu64 ": run %" PRIu64
			      " has event hash %016" PRIx64 " and %s, the first %016" PRIx64 " and %s",
			      path, outcome->agreed, outcome->runs, outcome->other_run, outcome->other.event_hash,
			      rule_of(&outcome->other), first->event_hash, rule_of(first));
		return LAB_EXIT_NONDETERMINISM;
	}
	if (outcome->divergence.is) {
		tell_divergence(path, artifact, &outcome->divergence);
		return LAB_EXIT_NONDETERMINISM;
	}
	if (artifact->rule < LAB_RULE_COUNT && (!first->found || first->finding.rule != artifact->rule)) {
		expected = lab_rule_info(artifact->rule);
		lab_cli_error("replay: %s: expected %s %s, got %s", path, expected->id, expected->slug, rule_of(first));
		return LAB_EXIT_NONDETERMINISM;
	}
	if (artifact->follows && artifact->event_hash && artifact->event_hash != first->event_hash) {
		tell_other_hash(path, artifact, first);
		return LAB_EXIT_NONDETERMINISM;
	}
	return first->found ? LAB_EXIT_FINDING : LAB_EXIT_CLEAN;
}

/* In columns by default of what breaks a rule, and then what a person wants to see at once. 0, or an exit code. */
static int tell_steps(const struct replay *replay, const char *path, const struct lab_target *target, const char *name,
		      const struct lab_artifact *artifact, const struct lab_story *story,
		      const struct lab_replay_outcome *outcome)
{
	bool whole = replay->lanes || replay->all_steps, found = outcome->first.found;
	char again[LAB_WALK_PATH + 128], all[LAB_WALK_PATH + 128];
	const struct lab_lanes lanes = {
		.target = target,
		.scenario = &artifact->scenario,
		.story = story,
		.finding = found ? &outcome->first.finding : NULL,
		.all = replay->all_steps,
		.rows_most = whole ? 0 : LAB_LANES_ROWS,
		.target_name = name,
		.artifact = path,
		.command = again,
		.whole = all,
	};

	if (!story)
		return 0;
	command_of(replay, "", path, name, artifact, again, sizeof(again));
	command_of(replay, "--lanes ", path, name, artifact, all, sizeof(all));
	if (replay->format == LAB_FORMAT_JSONL && whole)
		lab_lanes_emit(&lanes, replay->emit);
	else if (replay->format == LAB_FORMAT_TEXT && (found || whole) && !replay->no_lanes)
		lab_lanes_print(&lanes);
	if (replay->format == LAB_FORMAT_TEXT && found)
		lab_cli_crash_stack(&outcome->crash);
	if (!replay->html || lab_lanes_html(&lanes, replay->html) == LAB_OK)
		return 0;
	lab_cli_error("replay: --html: %s: %s", replay->html, strerror(errno));
	return LAB_EXIT_HARNESS;
}

static bool wants_steps(const struct replay *replay)
{
	if (replay->format == LAB_FORMAT_JSONL && !replay->lanes && !replay->all_steps && !replay->html)
		return false;
	return replay->html || (!replay->no_lanes && !replay->trace);
}

static int replay_loaded(struct replay *replay, const char *path, const struct lab_artifact *artifact)
{
	const char *name = replay->target ? replay->target : artifact->target[0] ? artifact->target : "core";
	struct lab_replay_way way = {
		.cpu_ns = replay->cpu_ns,
		.times = replay->times,
		.sequential = replay->sequential,
		.trace = replay->trace,
	};
	const struct lab_target *target;
	struct lab_replay_outcome outcome;
	char message[256];
	int code, error = 0;

	if (lab_input_target(artifact, name, &target, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("replay: %s: %s", replay->target ? "--target" : path, message);
		return LAB_EXIT_USAGE;
	}
	if (wants_steps(replay) && lab_story_create(LAB_STORY_ROOM, &way.story) != LAB_OK)
		lab_cli_error("replay: %s: no memory for the steps: %s", path, strerror(errno));
	if (lab_replay_run(target, artifact, &way, &outcome) != LAB_OK) {
		lab_cli_error("replay: %s: no child process: %s", path, strerror(errno));
		lab_story_destroy(way.story);
		return LAB_EXIT_HARNESS;
	}
	if (outcome.status != LAB_OK) {
		lab_cli_error("replay: %s: %s cannot be run on it: %s", path, name, lab_status_name(outcome.status));
		return LAB_EXIT_HARNESS;
	}
	emit_result(replay, path, name, artifact->engine[0] ? artifact->engine : "sim", &outcome);
	code = judge(path, artifact, &outcome);
	/* of another run than the recorded one nothing is claimed; its steps are there for who asks */
	if (code != LAB_EXIT_NONDETERMINISM || replay->lanes || replay->all_steps)
		error = tell_steps(replay, path, target, name, artifact, way.story, &outcome);
	lab_story_destroy(way.story);
	if (finding_of(&outcome) && (code != LAB_EXIT_NONDETERMINISM || outcome.other_run))
		print_finding(replay, path, name, artifact, finding_of(&outcome));
	return error ? error : code;
}

/* One file, by the program that can. */
static int replay_race(const struct replay *replay, const char *path)
{
	char limit[32], times[32];
	const char *words[20] = {
		"replay",  "--cpu-limit", limit, "--format", replay->format == LAB_FORMAT_JSONL ? "jsonl" : "text",
		"--times", times};
	int count = 7;

	snprintf(limit, sizeof(limit), "%" PRIu64 "ms", replay->cpu_ns / 1000000);
	snprintf(times, sizeof(times), "%" PRIu64, replay->times);
	if (replay->target) {
		words[count++] = "--target";
		words[count++] = replay->target;
	}
	if (replay->trace)
		words[count++] = "--trace";
	if (replay->lanes)
		words[count++] = "--lanes";
	if (replay->all_steps)
		words[count++] = "--all-steps";
	if (replay->no_lanes)
		words[count++] = "--no-lanes";
	if (replay->html) {
		words[count++] = "--html";
		words[count++] = replay->html;
	}
	if (replay->sequential)
		words[count++] = "--sequential";
	words[count++] = path;
	return lab_cli_race_run("replay", count, words);
}

static void replay_file(void *arg, const char *path)
{
	struct replay *replay = arg;
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	int code;

	lab_artifact_init(&artifact);
	code = lab_input_load("replay", path, &artifact, &kind);
	if (!code && replay->hooked)
		lab_input_hook(&artifact);
	if (!code && lab_input_is_race(&artifact) && !lab_cli_race_is_here())
		code = replay_race(replay, path);
	else if (!code)
		code = replay_loaded(replay, path, &artifact);
	lab_artifact_free(&artifact);
	replay->files++;
	replay->seen |= 1u << code;
}

static int replay_all(struct replay *replay, const char **paths)
{
	char failed[LAB_WALK_PATH];

	replay->emit = lab_emit_open(stdout, replay->format);
	for (size_t i = 0; paths[i]; i++) {
		if (lab_walk(paths[i], replay_file, replay, failed) == LAB_OK)
			continue;
		lab_cli_error("replay: %s: %s", failed, strerror(errno));
		replay->seen |= 1u << LAB_EXIT_USAGE;
	}
	lab_emit_close(replay->emit);
	return lab_cli_worst(replay->seen);
}

static int run(int argc, const char **argv)
{
	static struct replay replay;
	static const char *limit_text = CPU_LIMIT_DEFAULT, *times_text = "2", *format_text;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &replay.target, 0, "the artifact's own, or core, unless given", "T"},
		{"trace", '\0', POPT_ARG_NONE, &replay.trace, 0, "print each event", NULL},
		{"sequential", '\0', POPT_ARG_NONE, &replay.sequential, 0,
		 "one call at a time, no interrupts: as fuzz_sequential runs it", NULL},
		{"hooked", '\0', POPT_ARG_NONE, &replay.hooked, 0,
		 "switch at each access of the target: as fuzz_scenario runs it", NULL},
		{"lanes", '\0', POPT_ARG_NONE, &replay.lanes, 0, "print the steps, a column a context, to the last row",
		 NULL},
		{"all-steps", '\0', POPT_ARG_NONE, &replay.all_steps, 0,
		 "print also those that matter to no other context", NULL},
		{"no-lanes", '\0', POPT_ARG_NONE, &replay.no_lanes, 0, "print no steps, not even of a finding", NULL},
		{"html", '\0', POPT_ARG_STRING, &replay.html, 0, "write the steps as a page", "FILE"},
		{"cpu-limit", '\0', POPT_ARG_STRING, &limit_text, 0,
		 "CPU time after which a run is a hang (default " CPU_LIMIT_DEFAULT ")", "TIME"},
		{"times", '\0', POPT_ARG_STRING, &times_text, 0, "how often; all have to agree (default 2)", "N"},
		{"format", '\0', POPT_ARG_STRING, &format_text, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(&lab_command_replay, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (lab_cli_format(&lab_command_replay, format_text, &replay.format))
		return LAB_EXIT_USAGE;
	if (lab_cli_cpu_limit(&lab_command_replay, limit_text, &replay.cpu_ns) ||
	    lab_cli_number(&lab_command_replay, "--times", times_text, 1, 1000000, &replay.times))
		return LAB_EXIT_USAGE;
	if (!rest[0]) {
		lab_cli_error("replay: no file given: expected fuzz inputs, artifacts, .scn texts or folders of them");
		return LAB_EXIT_USAGE;
	}
	if (replay.html && replay.trace) {
		lab_cli_error("replay: --html: '%s': expected no --trace beside it", replay.html);
		return LAB_EXIT_USAGE;
	}
	if (replay.html && (rest[1] || lab_walk_is_folder(rest[0]))) {
		lab_cli_error("replay: --html: '%s': expected one file to replay, got %s", replay.html,
			      rest[1] ? "several" : "a folder");
		return LAB_EXIT_USAGE;
	}
	return replay_all(&replay, rest);
}

const struct lab_command lab_command_replay = {
	.name = "replay",
	.summary = "Runs a test case again, more than once, and tells what rule it breaks.",
	.usage = "[OPTION...] FILE|FOLDER...",
	.run = run,
};
