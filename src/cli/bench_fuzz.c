/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/bench_fuzz.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/engine.h"
#include "campaign/jobs.h"
#include "cli/cli.h"
#include "cli/fuzz.h"
#include "cli/stop.h"
#include "plat/clock.h"
#include "report/file.h"

#define ROUNDS_MAX 100u
#define SETTLE_MS  500u
#define OVERTIME_S 60u

struct sample {
	const char *fuzzer;
	unsigned engine;
	char binary[LAB_PATH_ROOM];
	double per_s[ROUNDS_MAX], ratio[ROUNDS_MAX];
};

struct bench {
	const struct lab_bench_fuzz_plan *plan;
	char program[LAB_PATH_ROOM], folder[64];
	struct sample *samples;
	size_t count;
	unsigned rounds;
};

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	return remove(path);
}

static void sample_words(const struct bench *bench, const struct sample *sample, struct lab_words *argv,
			 struct lab_words *environment)
{
	char seeds[LAB_PATH_ROOM], name[64];

	snprintf(name, sizeof(name), "corpus/%s", sample->fuzzer);
	if (!lab_fuzz_find_data(bench->program, name, seeds))
		snprintf(seeds, sizeof(seeds), "%s/seeds", bench->folder);
	if (sample->engine == LAB_FUZZ_LIBFUZZER) {
		lab_words_add(argv, "%s", sample->binary);
		lab_words_add(argv, "-max_total_time=%u", bench->plan->sample_s);
		lab_words_add(argv, "-print_final_stats=1");
		lab_words_add(argv, "-seed=%" PRIu64, bench->plan->seed & 0x7fffffff);
		lab_words_add(argv, "-artifact_prefix=%s/", bench->folder);
		lab_words_add(argv, "%s/out", bench->folder);
		lab_words_add(argv, "%s", seeds);
		return;
	}
	for (const char *const *word = (const char *const[]){"afl-fuzz", "-i", NULL}; *word; word++)
		lab_words_add(argv, "%s", *word);
	lab_words_add(argv, "%s", seeds);
	lab_words_add(argv, "-o");
	lab_words_add(argv, "%s/out", bench->folder);
	lab_words_add(argv, "-V");
	lab_words_add(argv, "%u", bench->plan->sample_s);
	lab_words_add(argv, "-t");
	lab_words_add(argv, "10000");
	lab_words_add(argv, "--");
	lab_words_add(argv, "%s", sample->binary);
	lab_engine_afl_environment(environment);
}

/* "stat::number_of_executed_units: 1234" or "execs_done : 1234". */
static double read_runs(const struct bench *bench, const struct sample *sample)
{
	bool afl = sample->engine == LAB_FUZZ_AFL;
	const char *word = afl ? "execs_done" : "stat::number_of_executed_units";
	char path[LAB_PATH_ROOM], *at, *text;
	double runs = 0;
	uint8_t *bytes;
	size_t count;

	snprintf(path, sizeof(path), afl ? "%s/out/default/fuzzer_stats" : "%s/log", bench->folder);
	if (lab_file_read(path, (size_t)64 << 20, &bytes, &count) != LAB_OK)
		return 0;
	text = strndup((const char *)bytes, count);
	free(bytes);
	at = text ? strstr(text, word) : NULL;
	at = at ? strchr(at + strlen(word), ':') : NULL;
	if (at)
		runs = strtod(at + 1, NULL);
	free(text);
	return runs;
}

/* Runs per second of CPU time, of all processes that the engine started; 0: it did not run. */
static double measure(const struct bench *bench, const struct sample *sample)
{
	const struct timespec nap = {.tv_nsec = SETTLE_MS * 1000000L / 10};
	struct lab_words argv = {0}, environment = {0};
	char path[LAB_PATH_ROOM];
	uint64_t before_ns = lab_clock_usage_ns(RUSAGE_CHILDREN), cpu_ns;
	int wait_status;

	snprintf(path, sizeof(path), "%s/out", bench->folder);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(path, 0777) != 0)
		return 0;
	sample_words(bench, sample, &argv, &environment);
	snprintf(path, sizeof(path), "%s/log", bench->folder);
	if (lab_jobs_run((const char *const *)argv.word, (const char *const *)environment.word, path,
			 bench->plan->sample_s + OVERTIME_S, 0, NULL, NULL, &wait_status) != LAB_OK)
		wait_status = -1;
	/* What AFL++ killed and did not wait for is ours by now: its time counts, too. */
	for (unsigned i = 0; i < 10; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nanosleep(&nap, NULL);
	}
	cpu_ns = lab_clock_usage_ns(RUSAGE_CHILDREN) - before_ns;
	lab_words_free(&argv);
	lab_words_free(&environment);
	return wait_status == -1 || !cpu_ns ? 0 : read_runs(bench, sample) * 1e9 / (double)cpu_ns;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void add_sample(struct bench *bench, const char *fuzzer, unsigned engine)
{
	struct sample *sample, *grown = realloc(bench->samples, (bench->count + 1) * sizeof(*sample));

	lab_assert(grown);
	bench->samples = grown;
	sample = &bench->samples[bench->count];
	*sample = (struct sample){.fuzzer = fuzzer, .engine = engine};
	if (lab_fuzz_find_binary(bench->program, bench->plan->fuzz_build, lab_fuzz_engine_name(engine), fuzzer,
				 sample->binary))
		bench->count++;
	else
		lab_cli_error("bench: %s: not built: left out", sample->binary);
}

/* The empty one of each engine first: the others of the round are compared to it. */
static void run_rounds(struct bench *bench)
{
	for (; bench->rounds < bench->plan->rounds && !lab_cli_stop_asked(); bench->rounds++) {
		double empty = 0;

		for (size_t i = 0; i < bench->count && !lab_cli_stop_asked(); i++) {
			struct sample *sample = &bench->samples[i];
			double per_s = measure(bench, sample);

			if (strcmp(sample->fuzzer, "fuzz_empty") == 0)
				empty = per_s;
			sample->per_s[bench->rounds] = per_s;
			sample->ratio[bench->rounds] = per_s > 0 ? empty / per_s : 0;
			fprintf(stderr, "bench: round %u: %s under %s: %.0f runs a CPU second\n", bench->rounds + 1,
				sample->fuzzer, lab_fuzz_engine_name(sample->engine), per_s);
		}
		if (lab_cli_stop_asked())
			return;
	}
}

static int tell(struct bench *bench, enum lab_format format)
{
	struct lab_emit *emit = lab_emit_open(stdout, format);
	int code = LAB_EXIT_CLEAN;

	for (size_t i = 0; i < bench->count; i++) {
		struct sample *sample = &bench->samples[i];
		double per_s = median(sample->per_s, bench->rounds), ratio = median(sample->ratio, bench->rounds);

		lab_emit_begin(emit, "fuzz");
		lab_emit_text(emit, "fuzzer", sample->fuzzer);
		lab_emit_text(emit, "engine", lab_fuzz_engine_name(sample->engine));
		lab_emit_real(emit, "runs_per_cpu_s", per_s, 0);
		lab_emit_real(emit, "times_the_empty_one", ratio, 2); /* of the CPU time of a run */
		lab_emit_end(emit);
		if (per_s <= 0) {
			lab_cli_error("bench: %s under %s did not run", sample->fuzzer,
				      lab_fuzz_engine_name(sample->engine));
			code = LAB_EXIT_HARNESS;
		}
	}
	lab_emit_close(emit);
	return code;
}

int lab_bench_fuzz(const struct lab_bench_fuzz_plan *plan, enum lab_format format)
{
	static const unsigned engines[] = {LAB_FUZZ_LIBFUZZER, LAB_FUZZ_AFL};
	struct bench bench = {.plan = plan, .folder = "/tmp/labyrinth-bench-XXXXXX"};
	char seeds[128];
	int code = lab_fuzz_find_program("bench", bench.program);

	if (code)
		return code;
	if (!mkdtemp(bench.folder)) {
		lab_cli_error("bench: %s: %s", bench.folder, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	snprintf(seeds, sizeof(seeds), "%s/seeds", bench.folder);
	if (mkdir(seeds, 0777) == 0) {
		snprintf(seeds, sizeof(seeds), "%s/seeds/zero", bench.folder);
		if (lab_file_write(seeds, "", 1) != LAB_OK)
			lab_cli_error("bench: %s: %s", seeds, strerror(errno));
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	lab_cli_stop_catch();
	for (size_t i = 0; i < LAB_ARRAY_COUNT(engines); i++) {
		add_sample(&bench, "fuzz_empty", engines[i]);
		for (size_t j = 0; lab_fuzz_fuzzers[j]; j++)
			add_sample(&bench, lab_fuzz_fuzzers[j], engines[i]);
	}
	run_rounds(&bench);
	code = bench.rounds && bench.count ? tell(&bench, format) : LAB_EXIT_HARNESS;
	if (code == LAB_EXIT_HARNESS && (!bench.rounds || !bench.count))
		lab_cli_error("bench: no round is whole");
	nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(bench.samples);
	return code;
}
