/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explore.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/race.h"
#include "cli/stop.h"
#include "plat/clock.h"
#include "report/walk.h"
#include "scenario/mutate.h"
#include "target/registry.h"

#define COMMAND      (&lab_command_explore)
#define SHARE_LEAST  16u /* schedules of a generated scenario */
#define SIZE_MOST    40u /* of a generated scenario, of 100 */
#define SIZE_EVERY   64u /* scenarios after which the greatest size grows by one */
#define TIME_DEFAULT UINT64_C(10000000000)
#define SHARE_CORPUS 2000u

/* The options as they were written; NULL: not given. */
struct words {
	const char *target, *strategy, *schedules, *time, *preemptions, *seed, *from, *findings, *format;
	int race;
};

static int take_seed(const struct words *words, struct lab_explore_plan *plan)
{
	if (words->seed)
		return lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan->seed);
	if (getrandom(&plan->seed, sizeof(plan->seed), 0) != (ssize_t)sizeof(plan->seed)) {
		lab_cli_error("explore: --seed: none given, and the system has no random numbers: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	plan->seed >>= 32; /* short enough to be written down */
	return 0;
}

static int take_limits(const struct words *words, struct lab_explore_plan *plan)
{
	uint64_t preemptions;

	plan->preemptions = LAB_NOBODY;
	if (words->schedules &&
	    lab_cli_number(COMMAND, "--schedules", words->schedules, 1, UINT64_MAX / 2, &plan->schedules))
		return LAB_EXIT_USAGE;
	if (words->preemptions) {
		if (lab_cli_number(COMMAND, "--preemptions", words->preemptions, 0, 64, &preemptions))
			return LAB_EXIT_USAGE;
		plan->preemptions = (unsigned)preemptions;
	}
	if (words->time && (lab_cli_duration(words->time, &plan->time_ns) || !plan->time_ns)) {
		lab_cli_error("explore: --time: '%s': expected a time above 0, as 30s, 5m, 1h or 500ms", words->time);
		return LAB_EXIT_USAGE;
	}
	if (!words->time && !words->schedules)
		plan->time_ns = TIME_DEFAULT;
	return 0;
}

static int take_words(const struct words *words, const char **rest, struct lab_explore_plan *plan)
{
	unsigned strategy = 0;
	char message[256];
	int error = take_limits(words, plan);

	if (!error)
		error = take_seed(words, plan);
	if (error)
		return error;
	plan->target_name = words->target ? words->target : "core";
	plan->findings_dir = words->findings ? words->findings : "findings";
	plan->from = words->from;
	plan->paths = rest;
	if ((words->strategy &&
	     lab_cli_choice(COMMAND, "--strategy", words->strategy, lab_strategy_names, &strategy)) ||
	    lab_cli_format(COMMAND, words->format, &plan->format))
		return LAB_EXIT_USAGE;
	plan->strategy = lab_strategy_names[strategy];
	if (plan->from && rest[0]) {
		lab_cli_error("explore: --from: '%s': expected no scenario beside it, got '%s'", plan->from, rest[0]);
		return LAB_EXIT_USAGE;
	}
	if (lab_target_open_hooked(plan->target_name, &plan->target, &plan->hooked, message, sizeof(message)) !=
	    LAB_OK) {
		lab_cli_error("explore: --target: %s", message);
		return LAB_EXIT_USAGE;
	}
	return 0;
}

/* Does not return where another program goes on. */
static int take_race(int argc, const char **argv, const struct lab_explore_plan *plan)
{
	if (!plan->hooked) {
		lab_cli_error("explore: --race: '%s' is not hooked, so that its accesses are not seen: expected a "
			      "target compiled for it",
			      plan->target_name);
		return LAB_EXIT_UNSUPPORTED;
	}
	return lab_cli_race_is_here() ? 0 : lab_cli_race_become("explore", argc, argv);
}

static int parse(int argc, const char **argv, struct lab_explore_plan *plan)
{
	static struct words words;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &words.target, 0, "a built-in or a plug-in's file (core)", "T"},
		{"strategy", '\0', POPT_ARG_STRING, &words.strategy, 0, "how schedules are chosen (auto)",
		 "auto|bound|irq|random|pct|pos|surw|dpor"},
		{"schedules", '\0', POPT_ARG_STRING, &words.schedules, 0, "end after so many", "N"},
		{"time", '\0', POPT_ARG_STRING, &words.time, 0, "30s, 5m, 1h, 500ms (10s unless --schedules)", "T"},
		{"preemptions", '\0', POPT_ARG_STRING, &words.preemptions, 0,
		 "greatest bound of bound, irq and auto (2)", "N"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (drawn and printed)", "N"},
		{"from", '\0', POPT_ARG_STRING, &words.from, 0, "scenarios from a corpus: a folder or file", "CORPUS"},
		{"findings", '\0', POPT_ARG_STRING, &words.findings, 0, "folder for findings (findings)", "DIR"},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "of the standard output (text)", "text|jsonl"},
		{"race", '\0', POPT_ARG_NONE, &words.race, 0, "find data races, too (ThreadSanitizer)", NULL},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (!error)
		error = take_words(&words, rest, plan);
	return error || !words.race ? error : take_race(argc, argv, plan);
}

static void explore_file(void *arg, const char *path)
{
	struct lab_explore *explore = arg;
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	int code;

	if (explore->ended)
		return;
	lab_artifact_init(&artifact);
	code = lab_input_load("explore", path, &artifact, &kind);
	if (code)
		explore->code = code;
	else
		lab_explore_scenario(explore, path, &artifact.scenario, explore->plan->from ? SHARE_CORPUS : 0);
	lab_artifact_free(&artifact);
}

static void explore_files(struct lab_explore *explore, const char *path)
{
	char failed[LAB_WALK_PATH];

	if (lab_walk(path, explore_file, explore, failed) == LAB_OK)
		return;
	lab_cli_error("explore: %s: %s", failed, strerror(errno));
	explore->code = LAB_EXIT_USAGE;
}

/*
 * 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 ...: who does not know how long the right try takes loses least by this sequence (Luby,
 * Sinclair and Zuckerman, 1993). Many scenarios get few schedules, few get many, and each kind as many in all.
 */
static uint64_t luby(uint64_t i)
{
	uint64_t whole = 1;

	while (2 * whole <= i + 1)
		whole *= 2;
	return whole == i + 1 ? whole / 2 : luby(i + 1 - whole);
}

static void explore_generated(struct lab_explore *explore)
{
	struct lab_scenario scenario;
	struct lab_prng prng;

	lab_prng_seed(&prng, explore->plan->seed, 0);
	lab_scenario_init(&scenario);
	for (uint64_t i = 1; !lab_explore_limit(explore); i++) {
		uint64_t most = LAB_MIN(1 + i / SIZE_EVERY, SIZE_MOST);

		lab_scenario_generate(&prng, 1 + (unsigned)lab_prng_below(&prng, most), &scenario);
		scenario.schedule_bytes = scenario.directive_count = 0;
		lab_explore_scenario(explore, NULL, &scenario, SHARE_LEAST * luby(i));
	}
	lab_scenario_free(&scenario);
}

static void explore_all(struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;

	explore->started_ns = explore->told_ns = lab_clock_mono_ns();
	for (size_t i = 0; plan->paths[i] && !explore->ended; i++)
		explore_files(explore, plan->paths[i]);
	if (plan->from)
		explore_files(explore, plan->from);
	if (!plan->from && !plan->paths[0])
		explore_generated(explore);
}

static int run(int argc, const char **argv)
{
	static struct lab_explore_plan plan;
	struct lab_explore explore = {.plan = &plan};
	int code = parse(argc, argv, &plan);

	if (code)
		return code < 0 ? LAB_EXIT_CLEAN : code;
	if (lab_sim_create(plan.target, &explore.sim) != LAB_OK) {
		lab_cli_error("explore: the engine cannot be made: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	lab_cli_stop_catch();
	explore.emit = lab_emit_open(stdout, plan.format);
	lab_explore_tell_options(&explore);
	explore_all(&explore);
	lab_explore_tell_end(&explore);
	lab_emit_close(explore.emit);
	lab_sim_destroy(explore.sim);
	lab_trace_set_free(&explore.traces);
	return explore.code;
}

const struct lab_command lab_command_explore = {
	.name = "explore",
	.summary = "Tries the schedules of scenarios one by one on a deterministic engine.",
	.usage = "[OPTION...] [SCENARIO...]",
	.run = run,
};
