/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_scale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/stop.h"

#define COMMAND    (&lab_command_bench)
#define TARGET_MAX 8u
#define CPU_STEPS  7u /* 1, 2, 4, ... 64 */

struct plan {
	char *targets[TARGET_MAX];
	size_t target_count;
	unsigned patterns; /* bits by enum lab_scale_pattern */
	unsigned cpus;
};

static int take_patterns(struct plan *plan, char *list)
{
	const char *names[LAB_SCALE_PATTERN_COUNT + 1] = {NULL};
	char *word;

	for (unsigned i = 0; i < LAB_SCALE_PATTERN_COUNT; i++)
		names[i] = lab_scale_pattern_name((enum lab_scale_pattern)i);
	plan->patterns = list ? 0 : (1u << LAB_SCALE_PATTERN_COUNT) - 1;
	while ((word = strsep(&list, ","))) {
		unsigned pattern;

		if (lab_cli_choice(COMMAND, "--pattern", word, names, &pattern))
			return LAB_EXIT_USAGE;
		plan->patterns |= 1u << pattern;
	}
	return 0;
}

static int take_targets(struct plan *plan, char *list)
{
	char *word;

	while ((word = strsep(&list, ","))) {
		if (!lab_bench_is_hooked(word))
			return LAB_EXIT_USAGE;
		if (plan->target_count == TARGET_MAX) {
			lab_cli_error("bench: --target: '%s': expected at most %u targets", word, TARGET_MAX);
			return LAB_EXIT_USAGE;
		}
		plan->targets[plan->target_count++] = word;
	}
	return 0;
}

/* Every target and pattern with 1, 2, 4, ... CPUs. */
static int run_all(const struct plan *plan, uint64_t seed, struct lab_scale_case *cases, size_t *ret_count)
{
	char message[256];

	for (size_t t = 0; t < plan->target_count; t++)
		for (unsigned pattern = 0; pattern < LAB_SCALE_PATTERN_COUNT; pattern++)
			for (unsigned cpus = 1; cpus <= plan->cpus && plan->patterns & 1u << pattern; cpus *= 2) {
				struct lab_scale_case *scale = &cases[*ret_count];

				if (lab_cli_stop_asked())
					return 0;
				*scale = (struct lab_scale_case){.pattern = (enum lab_scale_pattern)pattern,
								 .cpus = cpus};
				if (lab_bench_scale_case(plan->targets[t], seed, scale, message, sizeof(message)) !=
				    LAB_OK) {
					lab_cli_error("%s", message);
					return LAB_EXIT_HARNESS;
				}
				++*ret_count;
			}
	return 0;
}

int lab_bench_scale(const struct lab_scale_words *words, uint64_t seed, enum lab_format format)
{
	char *targets = strdup(words->target ? words->target : "core,locked");
	char *patterns = words->pattern ? strdup(words->pattern) : NULL;
	struct plan plan = {0};
	struct lab_scale_case *cases;
	size_t count = 0;
	uint64_t cpus;
	int code;

	lab_assert(targets);
	code = lab_cli_number(COMMAND, "--cpus", words->cpus ? words->cpus : "64", 1, LAB_CPU_MAX, &cpus);
	if (!code)
		code = take_targets(&plan, targets);
	if (!code)
		code = take_patterns(&plan, patterns);
	if (!code) {
		plan.cpus = (unsigned)cpus;
		cases = calloc(plan.target_count * LAB_SCALE_PATTERN_COUNT * CPU_STEPS, sizeof(cases[0]));
		lab_assert(cases);
		fprintf(stderr, "bench scale: cpus=%u seed=%" PRIu64 " targets=%zu\n", plan.cpus, seed,
			plan.target_count);
		lab_cli_stop_catch();
		code = run_all(&plan, seed, cases, &count);
		if (!code)
			lab_bench_scale_tell(cases, count, format);
		free(cases);
	}
	free(targets);
	free(patterns);
	return code ? code : LAB_EXIT_CLEAN;
}
