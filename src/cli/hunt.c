/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hunt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/input.h"
#include "cli/race.h"
#include "cli/stop.h"
#include "plat/child.h"
#include "plat/clock.h"

#define COMMAND (&lab_command_hunt)

/* The options as they were written; NULL: not given. */
struct words {
	const char *target, *rule, *time, *seed, *out, *findings, *format;
};

static int take_rule(const char *id, enum lab_rule *ret_rule)
{
	enum lab_rule rule = id ? lab_rule_by_id(id) : LAB_RULE_COUNT;

	if (rule < LAB_RULE_COUNT && lab_rule_info(rule)->judged) {
		*ret_rule = rule;
		return 0;
	}
	lab_cli_error("hunt: --rule: '%s': expected a rule that is judged, as 'labyrinth rules' lists them",
		      id ? id : "");
	return LAB_EXIT_USAGE;
}

static int take_words(const struct words *words, const char **rest, struct lab_hunt_plan *plan)
{

	plan->target_name = words->target ? words->target : "core";
	plan->findings_dir = words->findings ? words->findings : "findings";
	plan->out = words->out;
	plan->time_ns = LAB_HUNT_TIME_NS;
	plan->seed = 1;
	if (take_rule(words->rule, &plan->rule) ||
	    (words->seed && lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan->seed)) ||
	    lab_cli_format(COMMAND, words->format, &plan->format))
		return LAB_EXIT_USAGE;
	if (words->time && (lab_cli_duration(words->time, &plan->time_ns) || !plan->time_ns)) {
		lab_cli_error("hunt: --time: '%s': expected a time above 0, as 30s, 5m, 1h or 500ms", words->time);
		return LAB_EXIT_USAGE;
	}
	if (!rest[0] || rest[1]) {
		lab_cli_error("hunt: '%s': expected one file: the scenario that stress wrote beside its log",
			      rest[0] ? rest[1] : "");
		return LAB_EXIT_USAGE;
	}
	plan->path = rest[0];
	return lab_cli_target_hooked(&lab_command_hunt, "--target", plan->target_name, &plan->target, &plan->hooked);
}

static int parse(int argc, const char **argv, struct lab_hunt_plan *plan)
{
	static struct words words;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &words.target, 0, "a built-in or a plug-in's file (core)", "T"},
		{"rule", '\0', POPT_ARG_STRING, &words.rule, 0, "the rule that the live run broke", "ID"},
		{"time", '\0', POPT_ARG_STRING, &words.time, 0, "30s, 5m, 1h, 500ms (10s)", "T"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (1)", "N"},
		{"output", 'o', POPT_ARG_STRING, &words.out, 0, "the artifact (in the folder for findings)", "OUT"},
		{"findings", '\0', POPT_ARG_STRING, &words.findings, 0, "folder for findings (findings)", "DIR"},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "of the standard output (text)", "text|jsonl"},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	return error ? error : take_words(&words, rest, plan);
}

static void tell_options(struct lab_emit *emit, const struct lab_hunt_plan *plan)
{
	lab_emit_begin(emit, "hunt_options");
	lab_emit_text(emit, "target", plan->target_name);
	lab_emit_text(emit, "switches_at", plan->hooked ? "accesses" : "calls");
	lab_emit_bool(emit, "race", lab_cli_race_is_here());
	lab_emit_text(emit, "rule", lab_rule_info(plan->rule)->id);
	lab_emit_u64(emit, "seed", plan->seed);
	lab_emit_real(emit, "time_s", (double)plan->time_ns / 1e9, 1);
	lab_emit_text(emit, "events", plan->path);
	lab_emit_end(emit);
}

static void tell_end(struct lab_emit *emit, const struct lab_hunt *hunt)
{
	const struct lab_hunt_state *state = hunt->state;

	lab_emit_begin(emit, "hunt");
	lab_emit_real(emit, "seconds", (double)(lab_clock_mono_ns() - state->started_ns) / 1e9, 2);
	lab_emit_u64(emit, "scenarios", state->scenarios);
	lab_emit_u64(emit, "schedules", state->schedules);
	lab_emit_bool(emit, "found", state->same.count);
	if (!state->same.count && state->other.count)
		lab_emit_text(emit, "other", lab_rule_info(state->other.result.finding.rule)->id);
	lab_emit_end(emit);
}

static int hunt_down(struct lab_hunt *hunt)
{
	struct lab_emit *emit = lab_emit_open(stdout, hunt->plan->format);
	struct lab_hunt_state *state = hunt->state;
	int code;

	tell_options(emit, hunt->plan);
	code = lab_hunt_watch(hunt);
	if (isatty(STDERR_FILENO) && state->told_ns != state->started_ns)
		fputs("\r\033[K", stderr);
	if (!code)
		tell_end(emit, hunt);
	lab_emit_close(emit);
	if (!code && state->status != LAB_OK) {
		lab_cli_error("hunt: the target cannot be run: %s", lab_status_name(state->status));
		code = LAB_EXIT_HARNESS;
	}
	if (code)
		return code;
	if (state->same.count)
		return lab_hunt_write(hunt, &state->same, hunt->plan->out);
	/* No answer to what was asked, but nothing that is found is thrown away. */
	if (!state->other.count || lab_hunt_write(hunt, &state->other, NULL) == LAB_EXIT_FINDING)
		return LAB_EXIT_NO_ANSWER;
	return LAB_EXIT_HARNESS;
}

static int open_hunt(struct lab_hunt *hunt)
{
	hunt->state = lab_child_share(sizeof(*hunt->state));
	if (!hunt->state || lab_isolate_open(&hunt->watch, LAB_HUNT_CPU_NS) != LAB_OK) {
		lab_cli_error("hunt: no memory to share with a child: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	if (lab_sim_create(hunt->plan->target, &hunt->sim) != LAB_OK) {
		lab_cli_error("hunt: the engine cannot be made: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	return 0;
}

static void close_hunt(struct lab_hunt *hunt)
{
	if (hunt->sim)
		lab_sim_destroy(hunt->sim);
	if (hunt->watch.shared)
		lab_isolate_close(&hunt->watch);
	if (hunt->state)
		lab_child_unshare(hunt->state, sizeof(*hunt->state));
	lab_scenario_free(&hunt->window);
	for (unsigned i = 0; i < LAB_HUNT_NEAR; i++)
		lab_scenario_free(&hunt->near[i]);
}

/* A race is seen in race mode only. Returns where this program has to do, or its own words say why it cannot. */
static bool needs_race(const struct lab_hunt_plan *plan)
{
	return plan->rule == LAB_R11_ISOLATION && plan->hooked && !lab_cli_race_is_here() && lab_cli_race_is_beside();
}

static int run(int argc, const char **argv)
{
	static struct lab_hunt_plan plan;
	static struct lab_hunt hunt = {.plan = &plan};
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	int code = parse(argc, argv, &plan);

	if (code)
		return code < 0 ? LAB_EXIT_CLEAN : code;
	if (needs_race(&plan))
		return lab_cli_race_become("hunt", argc, argv);
	lab_artifact_init(&artifact);
	lab_scenario_init(&hunt.window);
	for (unsigned i = 0; i < LAB_HUNT_NEAR; i++)
		lab_scenario_init(&hunt.near[i]);
	code = lab_input_load("hunt", plan.path, &artifact, &kind);
	if (!code) {
		lab_scenario_copy(&hunt.window, &artifact.scenario);
		code = open_hunt(&hunt);
	}
	if (!code) {
		lab_cli_stop_catch();
		code = hunt_down(&hunt);
	}
	lab_artifact_free(&artifact);
	close_hunt(&hunt);
	return code;
}

const struct lab_command lab_command_hunt = {
	.name = "hunt",
	.summary = "Looks for a schedule that shows what a failed stress run has seen.",
	.usage = "--rule ID [OPTION...] FILE.scn",
	.run = run,
};
