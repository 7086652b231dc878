/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explore.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "cli/cli.h"
#include "cli/race.h"
#include "cli/stop.h"
#include "plat/child.h"

#define COMMAND           (&lab_command_explore)
#define TIME_DEFAULT      UINT64_C(10000000000)
#define CPU_LIMIT_DEFAULT "3s"

/* The options as they were written; NULL: not given. */
struct words {
	const char *target, *strategy, *schedules, *time, *cpu_time, *preemptions, *seed, *from, *findings, *cpu_limit,
		*format, *memory, *dir;
	int race, keep_going, no_lanes;
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
	if (words->cpu_time && (lab_cli_duration(words->cpu_time, &plan->search_cpu_ns) || !plan->search_cpu_ns)) {
		lab_cli_error("explore: --cpu-time: '%s': expected a time above 0, as 30s, 5m, 1h or 500ms",
			      words->cpu_time);
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_cpu_limit(COMMAND, words->cpu_limit ? words->cpu_limit : CPU_LIMIT_DEFAULT, &plan->cpu_ns))
		return LAB_EXIT_USAGE;
	if (!words->time && !words->schedules && !words->cpu_time)
		plan->time_ns = TIME_DEFAULT;
	return 0;
}

/* Race mode is where order is judged. */
static int take_memory(const struct words *words, struct lab_explore_plan *plan)
{
	static const char *const names[] = {"sc", "c11", NULL};
	unsigned memory = words->race && strcmp(plan->strategy, "dpor") != 0;

	if (words->memory && lab_cli_choice(COMMAND, "--memory", words->memory, names, &memory))
		return LAB_EXIT_USAGE;
	plan->weak = memory == 1;
	if (plan->weak && strcmp(plan->strategy, "dpor") == 0) {
		lab_cli_error("explore: --memory: 'c11': expected another --strategy beside it, for dpor tries no "
			      "older values");
		return LAB_EXIT_USAGE;
	}
	if (plan->weak && words->memory && !plan->hooked) {
		lab_cli_error("explore: --memory: '%s' is not hooked, so that its loads are not seen: expected a "
			      "target compiled for it",
			      plan->target_name);
		return LAB_EXIT_UNSUPPORTED;
	}
	return 0;
}

static int take_words(const struct words *words, const char **rest, struct lab_explore_plan *plan)
{
	unsigned strategy = 0;
	int error = take_limits(words, plan);

	if (!error)
		error = take_seed(words, plan);
	if (error)
		return error;
	plan->target_name = words->target ? words->target : "core";
	plan->findings_dir = words->findings ? words->findings : "findings";
	plan->dir = words->dir;
	if (words->dir && words->findings) {
		lab_cli_error("explore: --findings: '%s': expected none with --dir, which has its own",
			      words->findings);
		return LAB_EXIT_USAGE;
	}
	plan->from = words->from;
	plan->keep_going = words->keep_going != 0;
	plan->no_lanes = words->no_lanes != 0;
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
	if (lab_cli_target_hooked(COMMAND, "--target", plan->target_name, &plan->target, &plan->hooked))
		return LAB_EXIT_USAGE;
	return take_memory(words, plan);
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
		{"time", '\0', POPT_ARG_STRING, &words.time, 0,
		 "30s, 5m, 1h, 500ms (10s unless another limit is given)", "T"},
		{"cpu-time", '\0', POPT_ARG_STRING, &words.cpu_time, 0,
		 "the same in CPU time, whoever else is on the machine", "T"},
		{"preemptions", '\0', POPT_ARG_STRING, &words.preemptions, 0,
		 "greatest bound of bound, irq and auto (2)", "N"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (drawn and printed)", "N"},
		{"from", '\0', POPT_ARG_STRING, &words.from, 0, "scenarios from a corpus: a folder or file", "CORPUS"},
		{"findings", '\0', POPT_ARG_STRING, &words.findings, 0, "folder for findings (findings)", "DIR"},
		{"dir", '\0', POPT_ARG_STRING, &words.dir, 0,
		 "a campaign's folder, with report.html; one that exists is gone on with", "DIR"},
		{"no-lanes", '\0', POPT_ARG_NONE, &words.no_lanes, 0, "print no steps of a finding", NULL},
		{"keep-going", '\0', POPT_ARG_NONE, &words.keep_going, 0, "after a finding; all are listed at the end",
		 NULL},
		{"cpu-limit", '\0', POPT_ARG_STRING, &words.cpu_limit, 0,
		 "CPU time after which a run is a hang (default " CPU_LIMIT_DEFAULT ")", "T"},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "of the standard output (text)", "text|jsonl"},
		{"race", '\0', POPT_ARG_NONE, &words.race, 0, "find data races, too (ThreadSanitizer)", NULL},
		{"memory", '\0', POPT_ARG_STRING, &words.memory, 0,
		 "whether loads may read older values, as C11 lets them (sc; with --race c11)", "sc|c11"},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (!error)
		error = take_words(&words, rest, plan);
	return error || !words.race ? error : take_race(argc, argv, plan);
}

static bool open_all(struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;

	explore->state = lab_child_share(sizeof(*explore->state));
	if (!explore->state || lab_isolate_open(&explore->watch, plan->cpu_ns) != LAB_OK ||
	    lab_isolate_open(&explore->inner, plan->cpu_ns) != LAB_OK ||
	    lab_sim_create(plan->target, &explore->sim) != LAB_OK) {
		lab_cli_error("explore: the engine cannot be made: %s", strerror(errno));
		return false;
	}
	lab_trace_set_init(&explore->state->traces);
	explore->emit = lab_emit_open(stdout, plan->format);
	return true;
}

static void close_all(struct lab_explore *explore)
{
	lab_emit_close(explore->emit);
	lab_trace_set_free(&explore->state->traces);
	lab_sim_destroy(explore->sim);
	lab_isolate_close(&explore->inner);
	lab_isolate_close(&explore->watch);
	lab_child_unshare(explore->state, sizeof(*explore->state));
}

static int run(int argc, const char **argv)
{
	static struct lab_explore_plan plan;
	struct lab_explore explore = {.plan = &plan};
	int code = parse(argc, argv, &plan);

	if (code)
		return code < 0 ? LAB_EXIT_CLEAN : code;
	if (!open_all(&explore))
		return LAB_EXIT_HARNESS;
	lab_cli_stop_catch();
	code = plan.dir ? lab_explore_folder_open(&explore, &plan) : 0;
	if (!code) {
		lab_explore_all(&explore);
		code = lab_cli_worst(explore.state->codes);
		if (plan.dir)
			code = lab_explore_folder_close(&explore, lab_cli_stop_asked(), code);
	}
	close_all(&explore);
	return code;
}

const struct lab_command lab_command_explore = {
	.name = "explore",
	.summary = "Tries the schedules of scenarios one by one on a deterministic engine.",
	.usage = "[OPTION...] [SCENARIO...]",
	.run = run,
};
