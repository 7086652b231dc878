/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/stop.h"

#define COMMAND (&lab_command_bench)

static int measure(const struct lab_tail_plan *plan, struct lab_tail_result *result, enum lab_format format)
{
	int code = LAB_EXIT_CLEAN;
	char message[512];

	if (lab_bench_tail_steps(plan, result, message, sizeof(message)) != LAB_OK ||
	    lab_bench_tail_live(plan, result, message, sizeof(message)) != LAB_OK) {
		lab_cli_error("%s", message);
		return LAB_EXIT_HARNESS;
	}
	lab_bench_tail_tell(plan, result, format);
	for (size_t i = 0; i < result->story_count; i++) {
		const struct lab_tail_story *story = &result->stories[i];

		if (!story->over)
			continue;
		lab_cli_error("bench: %s: a call of %" PRIu64 " steps with %" PRIu64
			      " writes of others, schedule %" PRIu64 ": expected at most %" PRIu64,
			      story->name, story->over_own, story->over_writes, story->over_schedule,
			      story->bound.alone + story->bound.each_write * story->over_writes);
		code = LAB_EXIT_FINDING;
	}
	for (size_t i = 0; i < result->live_count; i++)
		if (result->lives[i].found) {
			lab_cli_error("bench: a rule was broken under threads: `labyrinth stress` says more");
			code = LAB_EXIT_FINDING;
		}
	return code;
}

int lab_bench_tail(const struct lab_tail_words *words, uint64_t seed, enum lab_format format)
{
	struct lab_tail_plan plan = {.target = words->target ? words->target : "core",
				     .seed = seed,
				     .live_ns = words->quick ? UINT64_C(250000000) : UINT64_C(4000000000),
				     .stopped = lab_cli_stop_asked};
	struct lab_tail_result *result;
	int code;

	if (lab_cli_number(COMMAND, "--limit",
			   words->limit   ? words->limit
			   : words->quick ? "100"
					  : "5000",
			   1, UINT64_MAX, &plan.limit))
		return LAB_EXIT_USAGE;
	if (words->time && (lab_cli_duration(words->time, &plan.live_ns) || !plan.live_ns)) {
		lab_cli_error("bench: --time: '%s': expected a time above 0, as 30s, 5m, 1h or 500ms", words->time);
		return LAB_EXIT_USAGE;
	}
	if (!lab_bench_is_hooked(plan.target))
		return LAB_EXIT_USAGE;
	fprintf(stderr, "bench tail: target=%s limit=%" PRIu64 " time=%.1fs seed=%" PRIu64 "\n", plan.target,
		plan.limit, (double)plan.live_ns / 1e9, seed);
	result = calloc(1, sizeof(*result));
	lab_assert(result);
	lab_cli_stop_catch();
	code = measure(&plan, result, format);
	free(result);
	return code;
}
