/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/race.h"
#include "cli/replay_run.h"
#include "report/finding.h"
#include "report/walk.h"

#define CPU_LIMIT_DEFAULT "60s"

struct replay {
	const char *target;
	int trace, lanes, sequential;
	unsigned cpu_seconds;
	enum lab_format format;
	struct lab_emit *emit;
	unsigned files, seen; /* seen: a bit for each exit code that a file earned */
};

/* Of several files' codes the one that a caller must not miss. */
static int worst(unsigned seen)
{
	static const int by_weight[] = {LAB_EXIT_HARNESS, LAB_EXIT_NONDETERMINISM, LAB_EXIT_FINDING, LAB_EXIT_USAGE};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(by_weight); i++)
		if (seen & 1u << by_weight[i])
			return by_weight[i];
	return LAB_EXIT_CLEAN;
}

static void emit_result(struct replay *replay, const char *path, const char *target, const char *engine,
			const struct lab_replay_outcome *outcome)
{
	const struct lab_sim_result *result = &outcome->first;
	char hash[17];

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
	lab_emit_bool(replay->emit, "starved", result->starved);
	lab_emit_text(replay->emit, "event_hash", hash);
	lab_emit_text(replay->emit, "finding", result->found ? lab_rule_info(result->finding.rule)->id : "none");
	if (result->found)
		lab_emit_text(replay->emit, "detail", result->finding.detail);
	if (outcome->divergence.is)
		lab_emit_text(replay->emit, "diverged", outcome->divergence.why);
	lab_emit_end(replay->emit);
}

static void print_finding(const struct replay *replay, const char *path, const char *target,
			  const struct lab_artifact *artifact, const struct lab_finding *finding)
{
	char note[64], command[LAB_WALK_PATH + 128];
	const struct lab_finding_trail trail = {"artifact", path, note, command};
	bool say_target = strcmp(artifact->target, target) != 0 && strcmp(target, "core") != 0;

	snprintf(note, sizeof(note), "%zu ops, %zu contexts", artifact->scenario.op_count,
		 artifact->scenario.context_count);
	snprintf(command, sizeof(command), "labyrinth replay %s%s%s%s%s", replay->sequential ? "--sequential " : "",
		 say_target ? "--target " : "", say_target ? target : "", say_target ? " " : "", path);
	/* a program reads the record; the lines are for people */
	lab_finding_print(replay->format == LAB_FORMAT_TEXT ? stdout : stderr, finding, &trail);
}

/* Under another target or another build the choices need not fit: then the run says nothing of the recorded one. */
static void tell_divergence(const char *path, const struct lab_artifact *artifact,
			    const struct lab_divergence *divergence)
{
	const struct lab_choice *expected = &divergence->expected;
	const char *asker =
		expected->asker == LAB_CHOICE_ENGINE ? "the engine" : artifact->scenario.contexts[expected->asker].name;

	lab_cli_error("replay: %s: diverged at event %" PRIu32
		      " of %s, where %s %s: %s: the code is another than when it "
		      "was recorded",
		      path, expected->event, asker, artifact->scenario.contexts[expected->chosen].name,
		      expected->fires ? "came in" : "moved", divergence->why);
}

/* The exit code that the outcome earns; what is not as it should be is told on stderr. */
static int judge(const char *path, const struct lab_artifact *artifact, const struct lab_replay_outcome *outcome)
{
	const struct lab_sim_result *first = &outcome->first, *second = &outcome->second;
	const struct lab_rule_info *expected;

	if (outcome->survived && outcome->divergence.is) {
		tell_divergence(path, artifact, &outcome->divergence);
		return LAB_EXIT_NONDETERMINISM;
	}
	if (outcome->survived && (first->event_hash != second->event_hash || first->found != second->found)) {
		lab_cli_error("replay: %s: the second run has event hash %016" PRIx64 ", the first %016" PRIx64, path,
			      second->event_hash, first->event_hash);
		return LAB_EXIT_NONDETERMINISM;
	}
	if (artifact->rule < LAB_RULE_COUNT && (!first->found || first->finding.rule != artifact->rule)) {
		expected = lab_rule_info(artifact->rule);
		lab_cli_error("replay: %s: expected %s %s, got %s", path, expected->id, expected->slug,
			      first->found ? lab_rule_info(first->finding.rule)->id : "no finding");
		return LAB_EXIT_NONDETERMINISM;
	}
	if (artifact->event_hash && artifact->event_hash != first->event_hash)
		lab_cli_error("replay: %s: event hash %016" PRIx64 " is not the recorded %016" PRIx64
			      ": the code is another than when it was recorded",
			      path, first->event_hash, artifact->event_hash);
	return first->found ? LAB_EXIT_FINDING : LAB_EXIT_CLEAN;
}

static int replay_loaded(struct replay *replay, const char *path, const struct lab_artifact *artifact)
{
	const char *name = replay->target ? replay->target : artifact->target[0] ? artifact->target : "core";
	const struct lab_replay_way way = {
		.cpu_seconds = replay->cpu_seconds,
		.sequential = replay->sequential,
		.story = replay->lanes   ? LAB_REPLAY_LANES
			 : replay->trace ? LAB_REPLAY_TRACE
					 : LAB_REPLAY_SILENT,
	};
	const struct lab_target *target;
	struct lab_replay_outcome outcome;
	char message[256];
	int code;

	if (lab_input_target(artifact, name, &target, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("replay: %s: %s", replay->target ? "--target" : path, message);
		return LAB_EXIT_USAGE;
	}
	if (lab_replay_run(target, artifact, &way, &outcome) != LAB_OK) {
		lab_cli_error("replay: %s: no child process: %s", path, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	if (outcome.status != LAB_OK) {
		lab_cli_error("replay: %s: %s cannot be run on it: %s", path, name, lab_status_name(outcome.status));
		return LAB_EXIT_HARNESS;
	}
	emit_result(replay, path, name, artifact->engine[0] ? artifact->engine : "sim", &outcome);
	code = judge(path, artifact, &outcome);
	if (outcome.first.found && !outcome.divergence.is)
		print_finding(replay, path, name, artifact, &outcome.first.finding);
	return code;
}

/* One file, by the program that can. */
static int replay_race(const struct replay *replay, const char *path)
{
	char limit[32];
	const char *words[12] = {"replay", "--cpu-limit", limit, "--format",
				 replay->format == LAB_FORMAT_JSONL ? "jsonl" : "text"};
	int count = 5;

	snprintf(limit, sizeof(limit), "%us", replay->cpu_seconds);
	if (replay->target) {
		words[count++] = "--target";
		words[count++] = replay->target;
	}
	if (replay->trace)
		words[count++] = "--trace";
	if (replay->lanes)
		words[count++] = "--lanes";
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
	return worst(replay->seen);
}

static int run(int argc, const char **argv)
{
	static struct replay replay;
	static const char *limit_text = CPU_LIMIT_DEFAULT, *format_text;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &replay.target, 0, "the artifact's own, or core, unless given", "T"},
		{"trace", '\0', POPT_ARG_NONE, &replay.trace, 0, "print each event", NULL},
		{"sequential", '\0', POPT_ARG_NONE, &replay.sequential, 0,
		 "one call at a time, no interrupts: as fuzz_sequential runs it", NULL},
		{"lanes", '\0', POPT_ARG_NONE, &replay.lanes, 0, "print an artifact's steps, a column a context", NULL},
		{"cpu-limit", '\0', POPT_ARG_STRING, &limit_text, 0,
		 "CPU time after which a file is a hang (default " CPU_LIMIT_DEFAULT ")", "TIME"},
		{"format", '\0', POPT_ARG_STRING, &format_text, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	uint64_t limit_ns;
	const char **rest;
	int error = lab_cli_parse(&lab_command_replay, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (lab_cli_format(&lab_command_replay, format_text, &replay.format))
		return LAB_EXIT_USAGE;
	if (lab_cli_duration(limit_text, &limit_ns) || limit_ns < UINT64_C(1000000000) ||
	    limit_ns > UINT64_C(86400000000000)) {
		lab_cli_error("replay: --cpu-limit: '%s': expected a time from 1s to 24h", limit_text);
		return LAB_EXIT_USAGE;
	}
	replay.cpu_seconds = (unsigned)(limit_ns / UINT64_C(1000000000));
	if (!rest[0]) {
		lab_cli_error("replay: no file given: expected fuzz inputs, artifacts, .scn texts or folders of them");
		return LAB_EXIT_USAGE;
	}
	return replay_all(&replay, rest);
}

const struct lab_command lab_command_replay = {
	.name = "replay",
	.summary = "Runs a test case again, twice, and tells what rule it breaks.",
	.usage = "[OPTION...] FILE|FOLDER...",
	.run = run,
};
