/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "cli/bench_sim.h"
#include "cli/cli.h"
#include "cli/stop.h"

#define COMMAND         (&lab_command_bench)
#define ROUNDS_MAX      1000u
#define PAIRS           65536u
#define PAIRS_QUICK     8192u
#define SAMPLE_NS       UINT64_C(50000000)
#define SAMPLE_NS_QUICK (SAMPLE_NS / 8)
#define SEARCH_NS       UINT64_C(10000000000)
#define SEARCH_NS_QUICK (SEARCH_NS / 8)

static int bench_alloc(const struct lab_bench_plan *plan, enum lab_format format)
{
	struct lab_bench_result result;
	char message[256];

	lab_cli_stop_catch();
	if (lab_bench_alloc(plan, &result, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("%s", message);
		return LAB_EXIT_HARNESS;
	}
	if (result.rounds)
		lab_bench_tell(plan, &result, format);
	else
		lab_cli_error("bench: stopped before the first round was whole");
	if (result.rounds && result.cases[result.case_count - 1].threads < plan->thread_max)
		lab_cli_error("bench: one usable CPU: the cases with two threads were left out");
	lab_bench_result_free(&result);
	return LAB_EXIT_CLEAN;
}

static int bench_sim(const struct lab_bench_sim_plan *plan, enum lab_format format)
{
	struct lab_bench_sim_result result;
	char message[256];
	int code = LAB_EXIT_CLEAN;

	lab_cli_stop_catch();
	if (lab_bench_sim(plan, &result, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("%s", message);
		return LAB_EXIT_HARNESS;
	}
	lab_bench_sim_tell(plan, &result, format);
	for (size_t i = 0; i < result.case_count; i++)
		if (result.cases[i].program->clean && result.cases[i].rule != LAB_RULE_COUNT) {
			lab_cli_error("bench: %s: a finding of %s, expected none", result.cases[i].program->name,
				      lab_rule_info(result.cases[i].rule)->id);
			code = LAB_EXIT_FINDING;
		}
	lab_bench_sim_free(&result);
	return code;
}

/* The options as they were written; NULL: not given. */
struct words {
	const char *format, *rounds, *seed, *target, *pattern, *threads, *time, *limit, *program;
	int quick;
};

static int take_alloc(const struct words *words, enum lab_format format)
{
	struct lab_bench_plan plan = {.stopped = lab_cli_stop_asked};
	uint64_t rounds, threads;

	if (lab_cli_number(COMMAND, "--rounds", words->rounds ? words->rounds : "15", 1, ROUNDS_MAX, &rounds) ||
	    lab_cli_number(COMMAND, "--threads", words->threads ? words->threads : "2", 1, LAB_BENCH_THREAD_MAX,
			   &threads) ||
	    lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan.seed) ||
	    lab_bench_plan_lists(&plan, words->target, words->pattern))
		return LAB_EXIT_USAGE;
	plan.thread_max = (unsigned)threads;
	plan.rounds = words->quick ? 3 : (unsigned)rounds;
	plan.pairs = words->quick ? PAIRS_QUICK : PAIRS;
	fprintf(stderr,
		"bench alloc: rounds=%u pairs=%" PRIu64 " threads=%u seed=%" PRIu64
		" targets=%zu arena=1GiB frame=4KiB\n",
		plan.rounds, plan.pairs, plan.thread_max, plan.seed, plan.target_count);
	return bench_alloc(&plan, format);
}

/* The names, each once, NULL terminated. */
static const char *const *program_names(void)
{
	static const char *names[64];
	size_t count = 0;

	for (size_t i = 0; i < lab_bench_sim_program_count; i++) {
		size_t known = 0;

		while (known < count && strcmp(names[known], lab_bench_sim_programs[i].name) != 0)
			known++;
		if (known == count && count + 1 < LAB_ARRAY_COUNT(names))
			names[count++] = lab_bench_sim_programs[i].name;
	}
	return names;
}

static int take_sim(const struct words *words, enum lab_format format)
{
	struct lab_bench_sim_plan plan = {
		.stopped = lab_cli_stop_asked,
		.sample_ns = words->quick ? SAMPLE_NS_QUICK : SAMPLE_NS,
		.search_ns = words->quick ? SEARCH_NS_QUICK : SEARCH_NS,
	};
	uint64_t rounds;

	if (lab_cli_number(COMMAND, "--rounds", words->rounds ? words->rounds : "5", 1, ROUNDS_MAX, &rounds) ||
	    lab_cli_number(COMMAND, "--limit", words->limit ? words->limit : "20000", 1, UINT64_MAX / 2, &plan.limit) ||
	    lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan.seed))
		return LAB_EXIT_USAGE;
	if (words->time && (lab_cli_duration(words->time, &plan.search_ns) || !plan.search_ns)) {
		lab_cli_error("bench: --time: '%s': expected a time above 0, as 30s, 5m, 1h or 500ms", words->time);
		return LAB_EXIT_USAGE;
	}
	if (words->program && lab_cli_choice(COMMAND, "--program", words->program, program_names(), &(unsigned){0}))
		return LAB_EXIT_USAGE;
	plan.only = words->program;
	plan.rounds = words->quick ? 3 : (unsigned)rounds;
	fprintf(stderr,
		"bench sim: rounds=%u sample=%.3fs time=%.1fs limit=%" PRIu64 " seed=%" PRIu64 " programs=%zu\n",
		plan.rounds, (double)plan.sample_ns / 1e9, (double)plan.search_ns / 1e9, plan.limit, plan.seed,
		lab_bench_sim_program_count);
	return bench_sim(&plan, format);
}

static int refuse(const char *option, const char *value, const char *bench)
{
	lab_cli_error("bench: %s: '%s': expected only with %s", option, value, bench);
	return LAB_EXIT_USAGE;
}

static int run(int argc, const char **argv)
{
	static struct words words = {.seed = "1"};
	const struct poptOption table[] = {
		{"rounds", '\0', POPT_ARG_STRING, &words.rounds, 0,
		 "rounds, each with every case once (alloc 15, sim 5)", "N"},
		{"target", '\0', POPT_ARG_STRING, &words.target, 0,
		 "alloc: these, compared to the first (core, the other built-ins, the peers)", "T[,T]"},
		{"pattern", '\0', POPT_ARG_STRING, &words.pattern, 0, "alloc: of repeat, bulk, random, full90 (all)",
		 "P[,P]"},
		{"threads", '\0', POPT_ARG_STRING, &words.threads, 0, "alloc: up to this many threads, 1 or 2 (2)",
		 "N"},
		{"time", '\0', POPT_ARG_STRING, &words.time, 0, "sim: of each exhaustive search (10s)", "T"},
		{"limit", '\0', POPT_ARG_STRING, &words.limit, 0, "sim: schedules of each search for a bug (20000)",
		 "N"},
		{"program", '\0', POPT_ARG_STRING, &words.program, 0, "sim: only this one", "NAME"},
		{"quick", '\0', POPT_ARG_NONE, &words.quick, 0, "3 rounds of an eighth of the length", NULL},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (default 1)", "N"},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	static const char *const names[] = {"alloc", "sim", NULL};
	enum lab_format format;
	const char **rest;
	unsigned bench;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (!rest[0] || rest[1] || lab_cli_format(COMMAND, words.format, &format)) {
		if (!rest[0] || rest[1])
			lab_cli_error("bench: argument '%s': expected the name of one bench: alloc or sim",
				      rest[0] ? rest[1] : "");
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_choice(COMMAND, "argument", rest[0], names, &bench))
		return LAB_EXIT_USAGE;
	if (bench == 0 && words.time)
		return refuse("--time", words.time, "sim");
	if (bench == 0 && words.limit)
		return refuse("--limit", words.limit, "sim");
	if (bench == 0 && words.program)
		return refuse("--program", words.program, "sim");
	if (bench == 1 && words.target)
		return refuse("--target", words.target, "alloc");
	if (bench == 1 && words.pattern)
		return refuse("--pattern", words.pattern, "alloc");
	if (bench == 1 && words.threads)
		return refuse("--threads", words.threads, "alloc");
	return bench == 0 ? take_alloc(&words, format) : take_sim(&words, format);
}

const struct lab_command lab_command_bench = {
	.name = "bench",
	.summary = "Measures what an alloc and free costs, or what the deterministic engine and its strategies do.",
	.usage = "[OPTION...] alloc|sim",
	.run = run,
};
