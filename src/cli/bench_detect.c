/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/bench_detect.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/race.h"
#include "cli/stop.h"
#include "engine/strategy.h"
#include "report/file.h"

#define COMMAND        (&lab_command_bench)
#define BUDGET_NS      UINT64_C(10000000000)
#define BUDGET_NS_MOST (UINT64_C(3600) * 1000000000)
#define ENGINES        "replay,explore,race,stress"
#define FOLDER         "tests/canary"

static int take_way(struct lab_detect *detect, const char *name)
{
	static const char *const fixed[] = {"replay", "explore", "race", "stress"};
	struct lab_detect_way way = {.kind = LAB_DETECT_EXPLORE};

	for (size_t i = 0; i < 4; i++)
		if (strcmp(name, fixed[i]) == 0)
			way = (struct lab_detect_way){fixed[i], (enum lab_detect_kind)i};
	for (size_t i = 0; lab_strategy_names[i]; i++)
		if (strcmp(name, lab_strategy_names[i]) == 0)
			way.name = lab_strategy_names[i];
	if (!way.name || detect->way_count == LAB_DETECT_WAYS) {
		lab_cli_error("bench: --engines: '%s': expected of replay, explore, race, stress and the strategies "
			      "of explore, each once",
			      name);
		return LAB_EXIT_USAGE;
	}
	for (size_t i = 0; i < detect->way_count; i++)
		if (detect->ways[i].name == way.name) {
			lab_cli_error("bench: --engines: '%s': expected each engine once", name);
			return LAB_EXIT_USAGE;
		}
	if (way.kind == LAB_DETECT_RACE && !lab_cli_race_is_beside()) {
		lab_cli_error("bench: --engines: race is left out: no labyrinth-race beside this program");
		return 0;
	}
	detect->ways[detect->way_count++] = way;
	return 0;
}

static int take_ways(struct lab_detect *detect, const char *engines)
{
	char *names = strdup(engines), *rest = names;
	int code = 0;

	for (char *name = strtok_r(names, ",", &rest); name && !code; name = strtok_r(NULL, ",", &rest))
		code = take_way(detect, name);
	free(names);
	if (!code && !detect->way_count) {
		lab_cli_error("bench: --engines: '%s': expected one engine at least", engines);
		code = LAB_EXIT_USAGE;
	}
	return code;
}

/* A folder, a pattern, or a folder and a pattern. `room`: what the parts are written to. */
static void take_bugs(struct lab_detect *detect, const char *bugs, char *room, size_t size)
{
	struct stat status;
	ssize_t length;
	char *slash;

	detect->pattern = "*";
	detect->folder = room;
	if (bugs && !stat(bugs, &status) && S_ISDIR(status.st_mode)) {
		snprintf(room, size, "%s", bugs);
		return;
	}
	if (bugs && strchr(bugs, '/')) {
		snprintf(room, size, "%s", bugs);
		slash = strrchr(room, '/');
		*slash = '\0';
		detect->pattern = slash + 1;
		return;
	}
	detect->pattern = bugs ? bugs : "*";
	length = readlink("/proc/self/exe", room, size - sizeof(FOLDER));
	room[length > 0 ? length : 0] = '\0';
	slash = strrchr(room, '/');
	strcpy(slash ? slash + 1 : room, FOLDER);
}

static int take_words(struct lab_detect *detect, const struct lab_detect_words *words, char *room, size_t size)
{
	uint64_t seeds;

	detect->budget_ns = BUDGET_NS;
	if (words->budget && (lab_cli_duration(words->budget, &detect->budget_ns) || detect->budget_ns < 1000000 ||
			      detect->budget_ns > BUDGET_NS_MOST)) {
		lab_cli_error("bench: --budget: '%s': expected a time of 1ms to 1h, as 10s or 500ms", words->budget);
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_number(COMMAND, "--seeds", words->seeds ? words->seeds : "5", 1, LAB_DETECT_SEEDS, &seeds))
		return LAB_EXIT_USAGE;
	detect->seeds = (unsigned)seeds;
	take_bugs(detect, words->bugs, room, size);
	return take_ways(detect, words->engines ? words->engines : ENGINES);
}

static void tell_progress(const struct lab_detect *detect, size_t done, const struct lab_detect_bug *bug,
			  const struct lab_detect_way *way, const struct lab_detect_try *try)
{
	size_t all = detect->bug_count * detect->way_count * detect->seeds;

	fprintf(stderr, "bench detect: %zu of at most %zu: %s by %s: %s, %.2f s CPU\n", done, all, bug->id, way->name,
		try->rule != LAB_RULE_COUNT ? lab_rule_info(try->rule)->id
		: try->failed               ? "no answer"
					    : "nothing",
		(double)try->cpu_ns / 1e9);
}

/* What has no seed is tried once, and what found nothing a few times is given up; but a clean target is tried on. */
static bool is_due(const struct lab_detect *detect, size_t bug, size_t way, unsigned seed)
{
	const struct lab_detect_cell *cell = lab_detect_cell(detect, bug, way);

	if (detect->ways[way].kind == LAB_DETECT_REPLAY)
		return seed == 0;
	return detect->bugs[bug].clean || cell->found || cell->made < LAB_DETECT_PATIENCE;
}

/* Seed by seed, so that a table that was stopped is one of all bugs. */
static void run_all(struct lab_detect *detect)
{
	size_t done = 0;

	for (unsigned seed = 0; seed < detect->seeds; seed++)
		for (size_t bug = 0; bug < detect->bug_count; bug++)
			for (size_t way = 0; way < detect->way_count && !lab_cli_stop_asked(); way++) {
				struct lab_detect_cell *cell = lab_detect_cell(detect, bug, way);
				struct lab_detect_try *try = &cell->tries[seed];

				done++;
				if (!is_due(detect, bug, way, seed))
					continue;
				lab_detect_try(detect, &detect->bugs[bug], &detect->ways[way], detect->seed + seed,
					       try);
				lab_detect_sum_up(&detect->bugs[bug], cell);
				if (try->made)
					tell_progress(detect, done, &detect->bugs[bug], &detect->ways[way], try);
			}
	detect->stopped = lab_cli_stop_asked();
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	return remove(path);
}

static int write_file(const char *option, const char *path, const void *bytes, size_t count)
{
	if (lab_file_write(path, bytes, count) == LAB_OK)
		return 0;
	lab_cli_error("bench: %s: '%s': expected a file that can be written: %s", option, path, strerror(errno));
	return LAB_EXIT_HARNESS;
}

static int write_files(const struct lab_detect *detect, const struct lab_detect_words *words)
{
	int code = 0;
	size_t count;

	if (words->json) {
		struct lab_emit *emit = lab_emit_open_document();
		const char *text;

		lab_detect_emit(detect, emit);
		text = lab_emit_document(emit, &count);
		code = write_file("--json", words->json, text, count);
		lab_emit_close(emit);
	}
	if (words->html) {
		char *page = lab_detect_html(detect, &count);
		int failed = write_file("--html", words->html, page, count);

		code = code ? code : failed;
		free(page);
	}
	return code;
}

static int verdict(const struct lab_detect *detect)
{
	struct lab_detect_score score;

	lab_detect_score(detect, &score);
	if (score.false_positives)
		return LAB_EXIT_FINDING;
	if (score.failed && !detect->stopped)
		return LAB_EXIT_HARNESS;
	return score.right == score.bugs && !detect->stopped ? LAB_EXIT_CLEAN : LAB_EXIT_NO_ANSWER;
}

int lab_bench_detect(const struct lab_detect_words *words, uint64_t seed, enum lab_format format)
{
	char folder[LAB_DETECT_PATH], scratch[] = "/tmp/labyrinth-detect-XXXXXX";
	struct lab_detect detect = {.seed = seed, .findings = words->findings};
	int code = take_words(&detect, words, folder, sizeof(folder)), failed;

	if (!code)
		code = lab_detect_open(&detect);
	if (!code && !detect.findings && !(detect.findings = mkdtemp(scratch))) {
		lab_cli_error("bench: %s: %s", scratch, strerror(errno));
		code = LAB_EXIT_HARNESS;
	}
	if (!code) {
		lab_cli_stop_catch();
		fprintf(stderr, "bench detect: bugs=%zu seeds=%u budget=%.1fs live=%.1fs seed=%" PRIu64 " folder=%s\n",
			detect.bug_count, detect.seeds, (double)detect.budget_ns / 1e9,
			(double)detect.budget_ns / 1e9 * LAB_DETECT_LIVE, seed, detect.folder);
		run_all(&detect);
		lab_detect_tell(&detect, format);
		failed = write_files(&detect, words);
		code = failed ? failed : verdict(&detect);
		if (!words->findings)
			nftw(detect.findings, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	lab_detect_close(&detect);
	return code;
}
