/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/arena_file.h"
#include "cli/cli.h"
#include "cli/stat_run.h"
#include "cli/stat_scenario.h"
#include "cli/stop.h"
#include "plat/clock.h"
#include "plat/thread.h"
#include "plat/vm.h"

#define COMMAND (&lab_command_stat)
#define NAP_NS  UINT64_C(50000000)

/* The options as they were written; NULL: not given. */
struct words {
	const char *scenario, *workload, *duration, *threads, *frames, *seed, *holders, *every, *count, *format;
	int each;
};

static const char *mapped_path;

/* The file was cut short under the mapping; what was read of it so far is not to be finished. */
static void on_bus_error(int number)
{
	static const char before[] = "labyrinth: stat: '", after[] = "': was cut short while it was read\n";

	if (write(STDERR_FILENO, before, sizeof(before) - 1) > 0 &&
	    write(STDERR_FILENO, mapped_path, strlen(mapped_path)) > 0 &&
	    write(STDERR_FILENO, after, sizeof(after) - 1) > 0)
		_exit(LAB_EXIT_USAGE);
	_exit(LAB_EXIT_HARNESS);
}

static int open_file(const char *path, struct lab_arena *ret_arena)
{
	enum lab_arena_fault fault = LAB_ARENA_FOREIGN;
	const void *metadata;
	size_t bytes;
	enum lab_status status = lab_vm_map_file(path, &metadata, &bytes);

	if (status == LAB_SYSTEM) {
		lab_cli_error("stat: '%s': cannot be read: %s", path, strerror(errno));
		return LAB_EXIT_USAGE;
	}
	mapped_path = path;
	signal(SIGBUS, on_bus_error);
	if (status == LAB_OK)
		fault = lab_arena_watch(ret_arena, metadata, bytes);
	if (!fault)
		return 0;
	lab_cli_error("stat: '%s': %s", path, lab_arena_fault_text(fault));
	return LAB_EXIT_USAGE;
}

void lab_stat_tell(struct lab_emit *emit, struct lab_stat_view *view, const struct lab_arena *arena)
{
	view->arena = arena;
	lab_stat_tell_arena(emit, view);
	lab_stat_tell_holders(emit, view);
	view->arena = NULL;
}

static void nap(uint64_t ns)
{
	uint64_t until_ns = lab_clock_mono_ns() + ns;

	while (!lab_cli_stop_asked() && lab_clock_mono_ns() < until_ns)
		lab_thread_sleep_ns(NAP_NS);
}

static int look_at_file(const struct words *words, struct lab_emit *emit, struct lab_stat_view *view)
{
	uint64_t every_ns = 0, count = 1;
	struct lab_arena arena;
	int error;

	if (words->every && (lab_cli_duration(words->every, &every_ns) || every_ns == 0)) {
		lab_cli_error("stat: --every: '%s': expected a time above 0, as 1s or 500ms", words->every);
		return LAB_EXIT_USAGE;
	}
	if (every_ns)
		count = UINT64_MAX;
	if (words->count && lab_cli_number(COMMAND, "--count", words->count, 1, UINT64_MAX, &count))
		return LAB_EXIT_USAGE;
	error = open_file(view->path, &arena);
	if (error)
		return error;
	lab_cli_stop_catch();
	for (uint64_t i = 0; i < count && !lab_cli_stop_asked(); i++) {
		if (i)
			nap(every_ns ? every_ns : UINT64_C(1000000000));
		if (i && lab_cli_stop_asked())
			break;
		lab_stat_tell(emit, view, &arena);
	}
	lab_places_close(view->places);
	view->places = NULL;
	return LAB_EXIT_CLEAN;
}

static int check_words(const struct words *words, const char *const *rest, struct lab_stat_view *view,
		       enum lab_format *format)
{
	static const char *const of_runs[] = {"--scenario", "--workload", "--duration",
					      "--threads",  "--frames",   "--seed"};
	const char *const given[] = {words->scenario, words->workload, words->duration,
				     words->threads,  words->frames,   words->seed};

	view->holders = 10;
	view->each = words->each;
	view->path = rest ? rest[0] : NULL;
	if (rest && rest[0] && rest[1]) {
		lab_cli_error("stat: '%s': expected one file at most", rest[1]);
		return LAB_EXIT_USAGE;
	}
	for (unsigned i = 0; view->path && i < sizeof(given) / sizeof(given[0]); i++) {
		if (!given[i])
			continue;
		lab_cli_error("stat: %s: '%s': expected no file beside it: it is for a run of its own", of_runs[i],
			      given[i]);
		return LAB_EXIT_USAGE;
	}
	for (unsigned i = 1; words->scenario && i < sizeof(given) / sizeof(given[0]); i++) {
		if (!given[i])
			continue;
		lab_cli_error("stat: %s: '%s': expected no --scenario beside it", of_runs[i], given[i]);
		return LAB_EXIT_USAGE;
	}
	if (!view->path && (words->every || words->count)) {
		lab_cli_error("stat: %s: '%s': expected a file to look at", words->every ? "--every" : "--count",
			      words->every ? words->every : words->count);
		return LAB_EXIT_USAGE;
	}
	if (words->holders && lab_cli_number(COMMAND, "--holders", words->holders, 0, UINT32_MAX, &view->holders))
		return LAB_EXIT_USAGE;
	return lab_cli_format(COMMAND, words->format, format);
}

static int run(int argc, const char **argv)
{
	static struct words words;
	const struct poptOption table[] = {
		{"holders", '\0', POPT_ARG_STRING, &words.holders, 0, "how many of those who hold blocks (10)", "N"},
		{"each", '\0', POPT_ARG_NONE, &words.each, 0,
		 "each block, the longest held first, and not those together that were taken at one place", NULL},
		{"every", '\0', POPT_ARG_STRING, &words.every, 0, "look again and again", "T"},
		{"count", '\0', POPT_ARG_STRING, &words.count, 0, "look so many times (1; with --every: no end)", "N"},
		{"scenario", '\0', POPT_ARG_STRING, &words.scenario, 0,
		 "without a file: run a test case, and look when its last operation has ended", "FILE"},
		{"workload", '\0', POPT_ARG_STRING, &words.workload, 0, "without a file: what runs (mixed)", "W"},
		{"duration", '\0', POPT_ARG_STRING, &words.duration, 0, "for how long before the look (1s)", "T"},
		{"threads", '\0', POPT_ARG_STRING, &words.threads, 0, "virtual CPUs, 1 to 64 (2)", "N"},
		{"frames", '\0', POPT_ARG_STRING, &words.frames, 0, "of the machine (16384)", "N"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (1)", "N"},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "of the standard output (text)", "text|jsonl"},
		POPT_TABLEEND,
	};
	struct lab_stat_view view = {0};
	enum lab_format format;
	struct lab_emit *emit;
	const char **rest;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (check_words(&words, rest, &view, &format))
		return LAB_EXIT_USAGE;
	emit = lab_emit_open(stdout, format);
	if (view.path) {
		error = look_at_file(&words, emit, &view);
	} else if (words.scenario) {
		error = lab_stat_scenario(words.scenario, emit, &view);
	} else {
		struct lab_stat_run_words run_words = {.workload = words.workload,
						       .duration = words.duration,
						       .threads = words.threads,
						       .frames = words.frames,
						       .seed = words.seed};

		error = lab_stat_run(&run_words, emit, format, &view);
	}
	lab_emit_close(emit);
	return error;
}

const struct lab_command lab_command_stat = {
	.name = "stat",
	.summary = "Shows what an arena has left and who holds what, while others use it.",
	.usage = "[OPTION...] [FILE]",
	.run = run,
};
