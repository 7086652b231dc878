/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/arena_file.h"
#include "cli/cli.h"
#include "cli/hunt.h"
#include "cli/stop.h"
#include "report/file.h"
#include "stress/herd.h"
#include "stress/machine.h"
#include "target/registry.h"

#define COMMAND (&lab_command_stress)

/* The options as they were written; NULL: not given. */
struct words {
	const char *target, *workload, *threads, *irq, *levels, *source, *duration, *ops, *seed, *frames, *min;
	const char *watchdog, *sleep, *hunt, *hooked, *json, *findings, *format, *arena, *processes, *kill, *dir;
	int trace, keep_going;
};

static int take_workload(void *arg, const char *word)
{
	struct lab_stress_plan *plan = arg;
	size_t count;
	const struct lab_workload *const *all = lab_workloads(&count);
	const struct lab_workload *one = lab_workload_by_name(word);

	if (!one && strcmp(word, "all") != 0) {
		lab_cli_error("stress: --workload: '%s': expected all, or names that 'labyrinth workloads' lists",
			      word);
		return LAB_EXIT_USAGE;
	}
	if (one) {
		all = &one;
		count = 1;
	}
	if (plan->workload_count + count > LAB_STRESS_WORKLOAD_MAX) {
		lab_cli_error("stress: --workload: '%s': expected at most %u workloads in one run", word,
			      LAB_STRESS_WORKLOAD_MAX);
		return LAB_EXIT_USAGE;
	}
	memcpy(plan->workloads + plan->workload_count, all, count * sizeof(*all));
	plan->workload_count += count;
	return 0;
}

static int take_level(void *arg, const char *word)
{
	struct lab_stress_plan *plan = arg;
	static const char *const names[] = {"none", "soft", "hard", "nmi", NULL};
	unsigned kind;

	if (lab_cli_choice(COMMAND, "--irq-levels", word, names, &kind))
		return LAB_EXIT_USAGE;
	if (kind)
		plan->levels |= 1u << kind;
	return 0;
}

static int take_duration(const char *option, const char *text, uint64_t *ret_ns)
{
	if (lab_cli_duration(text, ret_ns) == 0 && *ret_ns > 0)
		return 0;
	lab_cli_error("stress: %s: '%s': expected a time above 0, as 30s, 5m, 1h or 500ms", option, text);
	return LAB_EXIT_USAGE;
}

static int take_numbers(const struct words *words, struct lab_stress_plan *plan)
{
	uint64_t threads = 4;
	char default_min[24];

	plan->irq_rate = 1000;
	plan->frames = 16384;
	if ((words->threads && lab_cli_number(COMMAND, "--threads", words->threads, 1, LAB_CPU_MAX, &threads)) ||
	    (words->irq && lab_cli_number(COMMAND, "--irq", words->irq, 0, LAB_LIVE_RATE_MAX, &plan->irq_rate)) ||
	    (words->ops && lab_cli_number(COMMAND, "--ops", words->ops, 1, UINT64_MAX / 2, &plan->op_limit)) ||
	    (words->frames && lab_cli_number(COMMAND, "--frames", words->frames, LAB_STRESS_FRAMES_MIN,
					     LAB_STRESS_FRAMES_MAX, &plan->frames)))
		return LAB_EXIT_USAGE;
	plan->threads = (unsigned)threads;
	snprintf(default_min, sizeof(default_min), "%llu", (unsigned long long)lab_stress_default_min(plan->frames));
	if (lab_cli_number(COMMAND, "--min", words->min ? words->min : default_min, 0, plan->frames / 4, &plan->min))
		return LAB_EXIT_USAGE;
	if (words->seed)
		return lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan->seed);
	if (getrandom(&plan->seed, sizeof(plan->seed), 0) != (ssize_t)sizeof(plan->seed)) {
		lab_cli_error("stress: --seed: none given, and the system has no random numbers: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	plan->seed >>= 32; /* short enough to be written down */
	return 0;
}

/* Said before the run and not after it: the folder must be one that the document can be renamed into. */
static int check_json(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int failed = !folder || access(folder, W_OK | X_OK) != 0;

	free(folder);
	if (!failed)
		return 0;
	lab_cli_error("stress: --json: '%s': expected a file in a folder that can be written: %s", path,
		      strerror(errno));
	return LAB_EXIT_USAGE;
}

/* A herd is of the reference allocator, and judges itself. */
static int take_herd(const struct words *words, struct lab_stress_plan *plan)
{
	uint64_t processes = 0;

	plan->kill_rate = 100;
	if (!words->processes && !words->kill)
		return 0;
	if (!words->processes) {
		lab_cli_error("stress: --kill: '%s': expected --processes beside it: threads are not killed",
			      words->kill);
		return LAB_EXIT_USAGE;
	}
	if (words->target && strcmp(words->target, "core") != 0 && strcmp(words->target, "shared") != 0) {
		lab_cli_error("stress: --processes: '%s': expected the target core: others lie in one process",
			      words->target);
		return LAB_EXIT_USAGE;
	}
	if (words->dir) {
		lab_cli_error("stress: --dir: '%s': expected none with --processes: a herd keeps no campaign's folder",
			      words->dir);
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_number(COMMAND, "--processes", words->processes, 2, LAB_HERD_MAX, &processes) ||
	    (words->kill && lab_cli_number(COMMAND, "--kill", words->kill, 0, 10000, &plan->kill_rate)))
		return LAB_EXIT_USAGE;
	plan->processes = (unsigned)processes;
	return 0;
}

/* Off by 0; what it is to search must be a target that there is. */
static int take_hunt(const struct words *words, struct lab_stress_plan *plan)
{
	const struct lab_target *target;
	bool hooked;

	plan->hunt_ns = LAB_HUNT_TIME_NS;
	plan->hooked = words->hooked;
	if (words->hunt && lab_cli_duration(words->hunt, &plan->hunt_ns)) {
		lab_cli_error("stress: --hunt: '%s': expected a time, as 30s, 5m or 500ms, or 0", words->hunt);
		return LAB_EXIT_USAGE;
	}
	return words->hooked ? lab_cli_target_hooked(COMMAND, "--hooked", words->hooked, &target, &hooked) : 0;
}

/* What only the reference allocator has. */
static int take_trace(const struct words *words, const struct lab_target *target)
{
	enum lab_status status;

	if (!words->trace && !words->arena)
		return 0;
	if (target != &lab_target_core) {
		lab_cli_error("stress: %s: '%s': expected the target core: others keep no traces",
			      words->arena ? "--arena" : "--trace", words->arena ? words->arena : words->target);
		return LAB_EXIT_USAGE;
	}
	status = lab_arena_file_use(words->arena);
	if (!status)
		return 0;
	if (status == LAB_INVALID)
		lab_cli_error("stress: --arena: '%s': expected a new file, or an arena's, which is replaced",
			      words->arena);
	else
		lab_cli_error("stress: --arena: '%s': cannot be written: %s", words->arena, strerror(errno));
	return LAB_EXIT_USAGE;
}

static int take_words(const struct words *words, struct lab_stress_plan *plan)
{
	static const char *const sources[] = {"timer", "storm", "inject", NULL};
	static const char *const sleep_checks[] = {"on", "off", NULL};
	unsigned source = LAB_LIVE_SOURCE_DEFAULT, sleep_check = 0;
	int error = take_numbers(words, plan);

	if (error)
		return error;
	plan->target_name = words->target ? words->target : "core";
	plan->json_path = words->json;
	plan->findings_dir = words->findings ? words->findings : "findings";
	plan->duration_ns = words->ops && !words->duration ? 0 : UINT64_C(10000000000);
	plan->watchdog_ns = LAB_LIVE_WATCHDOG_NS;
	if (lab_cli_each_word(words->workload ? words->workload : "all", take_workload, plan) ||
	    lab_cli_each_word(words->levels ? words->levels : "soft,hard,nmi", take_level, plan) ||
	    (words->source && lab_cli_choice(COMMAND, "--irq-source", words->source, sources, &source)) ||
	    (words->duration && take_duration("--duration", words->duration, &plan->duration_ns)) ||
	    (words->watchdog && take_duration("--watchdog", words->watchdog, &plan->watchdog_ns)) ||
	    (words->sleep && lab_cli_choice(COMMAND, "--sleep-check", words->sleep, sleep_checks, &sleep_check)) ||
	    take_herd(words, plan) || take_hunt(words, plan) || (words->json && check_json(words->json)) ||
	    lab_cli_format(COMMAND, words->format, &plan->format))
		return LAB_EXIT_USAGE;
	plan->source = (enum lab_live_source)source;
	plan->sleep_allowed = sleep_check;
	plan->keep_going = words->keep_going;
	if (plan->keep_going && words->json) {
		lab_cli_error("stress: --json: '%s': expected no document with --keep-going, which makes a run of each "
			      "workload; --format jsonl tells all",
			      words->json);
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_target(COMMAND, plan->target_name, &plan->target))
		return LAB_EXIT_USAGE;
	if (words->dir && words->findings) {
		lab_cli_error("stress: --findings: '%s': expected none with --dir, which has its own", words->findings);
		return LAB_EXIT_USAGE;
	}
	error = take_trace(words, plan->target);
	return error || !words->dir ? error : lab_stress_folder_open(plan, words->dir);
}

static int parse(int argc, const char **argv, struct lab_stress_plan *plan)
{
	static struct words words;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &words.target, 0, "a built-in or a plug-in's file (core)", "T"},
		{"workload", '\0', POPT_ARG_STRING, &words.workload, 0, "in turn, equal shares (all)", "W[,W]|all"},
		{"threads", '\0', POPT_ARG_STRING, &words.threads, 0, "virtual CPUs, 1 to 64 (4)", "N"},
		{"processes", '\0', POPT_ARG_STRING, &words.processes, 0,
		 "instead of threads: 2 to 32 that share core's arena, and are killed", "N"},
		{"kill", '\0', POPT_ARG_STRING, &words.kill, 0, "kills a second, with --processes (100)", "RATE"},
		{"irq", '\0', POPT_ARG_STRING, &words.irq, 0,
		 "interrupts a second for each thread and level (1000); storm: 0 is as fast as they are acknowledged",
		 "RATE"},
		{"irq-levels", '\0', POPT_ARG_STRING, &words.levels, 0, "which come (soft,hard,nmi)",
		 "soft,hard,nmi|none"},
		{"irq-source", '\0', POPT_ARG_STRING, &words.source, 0,
		 "where from; inject: in place, one in eight host services and operation ends, no rate",
		 "timer|storm|inject"},
		{"duration", '\0', POPT_ARG_STRING, &words.duration, 0, "30s, 5m, 1h, 500ms (10s)", "T"},
		{"ops", '\0', POPT_ARG_STRING, &words.ops, 0, "end after so many operations of the tasks", "N"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (drawn and printed)", "N"},
		{"frames", '\0', POPT_ARG_STRING, &words.frames, 0, "of the machine (16384)", "N"},
		{"min", '\0', POPT_ARG_STRING, &words.min, 0, "min watermark, in frames (as Linux sets it)", "N"},
		{"watchdog", '\0', POPT_ARG_STRING, &words.watchdog, 0, "CPU time one call may take (10s)", "T"},
		{"sleep-check", '\0', POPT_ARG_STRING, &words.sleep, 0,
		 "look at system calls and locks of atomic calls (on)", "on|off"},
		{"hunt", '\0', POPT_ARG_STRING, &words.hunt, 0,
		 "how long to look for a schedule that shows a finding (10s); 0: not at all", "T"},
		{"hooked", '\0', POPT_ARG_STRING, &words.hooked, 0, "the target's hooked module, for the hunt", "FILE"},
		{"keep-going", '\0', POPT_ARG_NONE, &words.keep_going, 0, "a finding ends its workload, not the run",
		 NULL},
		{"json", '\0', POPT_ARG_STRING, &words.json, 0, "write the result there as one document", "FILE"},
		{"findings", '\0', POPT_ARG_STRING, &words.findings, 0, "folder for findings (findings)", "DIR"},
		{"dir", '\0', POPT_ARG_STRING, &words.dir, 0,
		 "a campaign's folder, with report.html; one that exists is gone on with", "DIR"},
		{"arena", '\0', POPT_ARG_STRING, &words.arena, 0,
		 "keep core's metadata in a new file, for labyrinth stat; traces", "FILE"},
		{"trace", '\0', POPT_ARG_NONE, &words.trace, 0,
		 "core keeps since when and from where blocks are held, for the log of a lost frame", NULL},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "of the standard output (text)", "text|jsonl"},
		POPT_TABLEEND,
	};
	const char **rest;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (error)
		return error;
	error = lab_cli_no_arguments(COMMAND, rest);
	return error ? error : take_words(&words, plan);
}

/* The document is written only when it is whole: a run that is killed leaves what was there before. */
static int write_document(const struct lab_stress_plan *plan, const struct lab_stress_result *result)
{
	struct lab_emit *document = lab_emit_open_document();
	int code = LAB_EXIT_CLEAN;
	const char *text;
	size_t bytes;

	lab_stress_tell_options(document, plan);
	lab_stress_tell_result(document, plan, result);
	text = lab_emit_document(document, &bytes);
	if (lab_file_write(plan->json_path, text, bytes) != LAB_OK) {
		lab_cli_error("stress: --json: '%s': cannot be written: %s", plan->json_path, strerror(errno));
		code = LAB_EXIT_HARNESS;
	}
	lab_emit_close(document);
	return code;
}

static int tell(struct lab_emit *emit, const struct lab_stress_plan *plan, struct lab_stress_result *result,
		enum lab_status status)
{
	bool found = lab_live_finding(result->live);
	int code = LAB_EXIT_CLEAN;

	if (found) {
		lab_stress_leave_trail(plan, result);
		lab_stress_hunt(plan, result);
	}
	lab_stress_tell_result(emit, plan, result);
	if (plan->json_path)
		code = write_document(plan, result);
	if (found) {
		fputs(result->trail.told ? result->trail.told : "", stdout);
		if (!result->trail.artifact[0])
			lab_stress_tell_finding(plan->format == LAB_FORMAT_TEXT ? stdout : stderr, result);
		return LAB_EXIT_FINDING;
	}
	if (status == LAB_BUSY) {
		lab_cli_error("stress: a thread sleeps in the target and was not woken: no verdict");
		return LAB_EXIT_NO_ANSWER;
	}
	return code;
}

bool lab_stress_was_made(const char *command, const struct lab_stress_result *result, enum lab_status status)
{
	if (result->live && (status == LAB_OK || status == LAB_BUSY))
		return true;
	lab_cli_error("%s: the run could not be made: %s", command, lab_cli_why(status));
	return false;
}

int lab_stress_close(struct lab_stress_result *result, int code)
{
	/* Threads that are stuck in the target must not hold up the end, nor what a sanitizer would say at exit to a
	 * finding's leftovers replace the exit code. */
	if (result->live && (!lab_live_destroy(result->live) || (LAB_SANITIZER_ANY && code == LAB_EXIT_FINDING))) {
		fflush(NULL);
		_exit(code);
	}
	return code;
}

int lab_stress_one(const struct lab_stress_plan *plan)
{
	static struct lab_stress_result result; /* the histograms are too large for the stack */
	struct lab_emit *emit = lab_emit_open(stdout, plan->format);
	enum lab_status status;
	int code;

	lab_stress_tell_options(emit, plan);
	status = lab_stress_run(plan, &result);
	code = lab_stress_was_made("stress", &result, status) ? tell(emit, plan, &result, status) : LAB_EXIT_HARNESS;
	lab_emit_close(emit);
	if (plan->folder && result.live) {
		if (!lab_stress_folder_latency(plan, &result.latency))
			lab_cli_error("stress: --dir: %s/latency.json: %s", plan->folder->campaign.dir,
				      strerror(errno));
		if (!plan->keep_going) /* else the process that started all workloads does it */
			code = lab_stress_folder_close(plan, result.stopped, code);
	}
	return lab_stress_close(&result, code);
}

static int run(int argc, const char **argv)
{
	static struct lab_stress_plan plan;
	int code = parse(argc, argv, &plan);

	if (code)
		return code < 0 ? LAB_EXIT_CLEAN : code;
	lab_cli_stop_catch();
	if (plan.processes)
		return lab_stress_herd(&plan);
	return plan.keep_going ? lab_stress_each(&plan) : lab_stress_one(&plan);
}

const struct lab_command lab_command_stress = {
	.name = "stress",
	.summary = "Hammers a target from real threads and interrupts while the oracle watches.",
	.usage = "[OPTION...]",
	.run = run,
};
