/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "cli/bench_detect.h"
#include "cli/bench_frag.h"
#include "cli/bench_fuzz.h"
#include "cli/bench_scale.h"
#include "cli/bench_shred.h"
#include "cli/bench_sim.h"
#include "cli/bench_tail.h"
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
	const char *format, *rounds, *seed, *target, *pattern, *threads, *time, *limit, *program, *cpus, *days,
		*fuzz_build;
	struct lab_detect_words detect;
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

static int take_fuzz(const struct words *words, enum lab_format format)
{
	struct lab_bench_fuzz_plan plan = {.fuzz_build = words->fuzz_build};
	uint64_t rounds, time_ns = UINT64_C(5000000000);

	if (lab_cli_number(COMMAND, "--rounds", words->rounds ? words->rounds : "3", 1, 100, &rounds) ||
	    lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan.seed))
		return LAB_EXIT_USAGE;
	if (words->time && (lab_cli_duration(words->time, &time_ns) || time_ns < UINT64_C(1000000000) ||
			    time_ns > UINT64_C(3600000000000))) {
		lab_cli_error("bench: --time: '%s': expected 1s to 1h", words->time);
		return LAB_EXIT_USAGE;
	}
	plan.rounds = (unsigned)rounds;
	plan.sample_s = (unsigned)(time_ns / UINT64_C(1000000000));
	fprintf(stderr, "bench fuzz: rounds=%u sample=%us seed=%" PRIu64 "\n", plan.rounds, plan.sample_s, plan.seed);
	return lab_bench_fuzz(&plan, format);
}

static int take_detect(const struct words *words, enum lab_format format)
{
	uint64_t seed;

	if (lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX / 2, &seed))
		return LAB_EXIT_USAGE;
	return lab_bench_detect(&words->detect, seed, format);
}

static int take_scale(const struct words *words, enum lab_format format)
{
	const struct lab_scale_words scale = {.target = words->target, .pattern = words->pattern, .cpus = words->cpus};
	uint64_t seed;

	if (lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &seed))
		return LAB_EXIT_USAGE;
	return lab_bench_scale(&scale, seed, format);
}

static int take_tail(const struct words *words, enum lab_format format)
{
	const struct lab_tail_words tail = {
		.target = words->target, .limit = words->limit, .time = words->time, .quick = words->quick};
	uint64_t seed;

	if (lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &seed))
		return LAB_EXIT_USAGE;
	return lab_bench_tail(&tail, seed, format);
}

static int take_frag(const struct words *words, enum lab_format format)
{
	const struct lab_frag_words frag = {.target = words->target, .days = words->days, .quick = words->quick};
	uint64_t seed;

	if (lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &seed))
		return LAB_EXIT_USAGE;
	return lab_bench_frag(&frag, seed, format);
}

static int take_shred(const struct words *words, enum lab_format format)
{
	uint64_t seed;

	if (lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &seed))
		return LAB_EXIT_USAGE;
	return lab_bench_shred(words->rounds, words->quick, seed, format);
}

static const struct {
	const char *name;
	int (*take)(const struct words *, enum lab_format);
} benches[] = {{"alloc", take_alloc}, {"sim", take_sim},     {"detect", take_detect}, {"fuzz", take_fuzz},
	       {"tail", take_tail},   {"scale", take_scale}, {"frag", take_frag},     {"shred", take_shred}};

/* An option that another bench than this one has is refused. `in`: the names of those that have it. */
static int refuse_others(const struct words *words, const char *bench)
{
	const struct {
		const char *option, *value, *in;
	} some[] = {
		{"--time", words->time, "sim tail fuzz"},
		{"--limit", words->limit, "sim tail"},
		{"--program", words->program, "sim"},
		{"--target", words->target, "alloc tail scale frag"},
		{"--pattern", words->pattern, "alloc scale"},
		{"--cpus", words->cpus, "scale"},
		{"--days", words->days, "frag"},
		{"--threads", words->threads, "alloc"},
		{"--rounds", words->rounds, "alloc sim shred fuzz"},
		{"--quick", words->quick ? "" : NULL, "alloc sim tail frag shred"},
		{"--budget", words->detect.budget, "detect"},
		{"--seeds", words->detect.seeds, "detect"},
		{"--bugs", words->detect.bugs, "detect"},
		{"--engines", words->detect.engines, "detect"},
		{"--findings", words->detect.findings, "detect"},
		{"--json", words->detect.json, "detect"},
		{"--html", words->detect.html, "detect"},
		{"--fuzz-build", words->fuzz_build, "fuzz"},
	};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(some); i++) {
		if (!some[i].value || strstr(some[i].in, bench)) /* no bench's name is part of another's */
			continue;
		lab_cli_error("bench: %s: '%s': expected only with %s", some[i].option, some[i].value, some[i].in);
		return LAB_EXIT_USAGE;
	}
	return 0;
}

static int run(int argc, const char **argv)
{
	static struct words words = {.seed = "1"};
	const struct poptOption table[] = {
		{"rounds", '\0', POPT_ARG_STRING, &words.rounds, 0,
		 "rounds, each with every case once (alloc, shred 15, sim 5, fuzz 3)", "N"},
		{"target", '\0', POPT_ARG_STRING, &words.target, 0,
		 "alloc, frag: these, compared to the first (core, the other built-ins, the peers); scale: these "
		 "(core,locked); tail: this one (core)",
		 "T[,T]"},
		{"pattern", '\0', POPT_ARG_STRING, &words.pattern, 0,
		 "alloc: of repeat, bulk, random, full90; scale: of repeat, bulk, grow, remote, full (all)", "P[,P]"},
		{"cpus", '\0', POPT_ARG_STRING, &words.cpus, 0, "scale: 1, 2, 4 and so on up to this many (64)", "N"},
		{"days", '\0', POPT_ARG_STRING, &words.days, 0, "frag: of the workload (7)", "N"},
		{"threads", '\0', POPT_ARG_STRING, &words.threads, 0, "alloc: up to this many threads, 1 or 2 (2)",
		 "N"},
		{"time", '\0', POPT_ARG_STRING, &words.time, 0,
		 "sim: of each exhaustive search (10s); tail: of each source of interrupts (4s); fuzz: of each sample "
		 "(5s)",
		 "T"},
		{"fuzz-build", '\0', POPT_ARG_STRING, &words.fuzz_build, 0,
		 "fuzz: build folder of the fuzz targets (beside this program)", "DIR"},
		{"limit", '\0', POPT_ARG_STRING, &words.limit, 0,
		 "sim: schedules of each search for a bug (20000); tail: of each strategy (5000)", "N"},
		{"program", '\0', POPT_ARG_STRING, &words.program, 0, "sim: only this one", "NAME"},
		{"quick", '\0', POPT_ARG_NONE, &words.quick, 0,
		 "less of everything, for a first look: alloc, sim, tail, frag, shred", NULL},
		{"budget", '\0', POPT_ARG_STRING, &words.detect.budget, 0,
		 "detect: of a try (10s; six times as much with threads)", "T"},
		{"seeds", '\0', POPT_ARG_STRING, &words.detect.seeds, 0, "detect: tries with a seed each (5)", "N"},
		{"bugs", '\0', POPT_ARG_STRING, &words.detect.bugs, 0, "detect: a folder of modules, or which ids",
		 "DIR|PATTERN"},
		{"engines", '\0', POPT_ARG_STRING, &words.detect.engines, 0,
		 "detect: of replay, explore, race, stress (all) and the strategies", "E[,E]"},
		{"findings", '\0', POPT_ARG_STRING, &words.detect.findings, 0,
		 "detect: keep what was found in a folder", "DIR"},
		{"json", '\0', POPT_ARG_STRING, &words.detect.json, 0, "detect: write the result there as one document",
		 "FILE"},
		{"html", '\0', POPT_ARG_STRING, &words.detect.html, 0, "detect: and as a page", "FILE"},
		{"seed", '\0', POPT_ARG_STRING, &words.seed, 0, "of every random choice (default 1)", "N"},
		{"format", '\0', POPT_ARG_STRING, &words.format, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	const char *names[LAB_ARRAY_COUNT(benches) + 1] = {NULL};
	enum lab_format format;
	const char **rest;
	unsigned bench;
	int error = lab_cli_parse(COMMAND, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (!rest[0] || rest[1] || lab_cli_format(COMMAND, words.format, &format)) {
		if (!rest[0] || rest[1])
			lab_cli_error("bench: argument '%s': expected the name of one bench: alloc, sim, detect, fuzz, "
				      "tail, scale, frag or shred",
				      rest[0] ? rest[1] : "");
		return LAB_EXIT_USAGE;
	}
	for (size_t i = 0; i < LAB_ARRAY_COUNT(benches); i++)
		names[i] = benches[i].name;
	if (lab_cli_choice(COMMAND, "argument", rest[0], names, &bench))
		return LAB_EXIT_USAGE;
	error = refuse_others(&words, names[bench]);
	return error ? error : benches[bench].take(&words, format);
}

const struct lab_command lab_command_bench = {
	.name = "bench",
	.summary = "Measures what an alloc and free costs, what the deterministic engine and the fuzz targets do, "
		   "which seeded bugs are "
		   "found, or what becomes of an allocator: its tails, with more CPUs, in the long run.",
	.usage = "[OPTION...] alloc|sim|detect|fuzz|tail|scale|frag|shred",
	.run = run,
};
