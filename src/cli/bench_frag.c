/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_frag.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/stop.h"
#include "plat/child.h"

#define COMMAND  (&lab_command_bench)
#define CPU_NS   UINT64_C(3600000000000)
#define DAYS_MAX 366u

/* One target's days, in a process of their own, whose memory is nobody else's. */
struct job {
	const struct lab_target *target;
	uint64_t days, seed;
	struct lab_frag_result *result; /* shared with the parent */
	lab_atomic64 beats;
};

static void work(void *arg)
{
	struct job *job = arg;

	lab_bench_frag_week(job->target, job->days, job->seed, job->result);
}

static int run_one(struct job *job)
{
	struct lab_child_watch watch = {.beats = &job->beats, .cpu_ns = CPU_NS};
	enum lab_child_end end;
	int wait = 0;

	if (lab_child_run(work, job, &watch, &end, &wait) != LAB_OK || end != LAB_CHILD_ENDED || !WIFEXITED(wait) ||
	    WEXITSTATUS(wait)) {
		lab_cli_error("bench: %s: its process did not come to its end", job->target->name);
		return LAB_EXIT_HARNESS;
	}
	if (job->result->status == LAB_OK)
		return 0;
	lab_cli_error("bench: %s: create: %s", job->target->name, lab_status_name(job->result->status));
	return LAB_EXIT_HARNESS;
}

/* A mempool has blocks of one size, and nothing to fall to pieces. */
static bool has_pieces(const struct lab_target *target)
{
	return strcmp(target->name, "mempool") != 0;
}

int lab_bench_frag(const struct lab_frag_words *words, uint64_t seed, enum lab_format format)
{
	struct lab_bench_plan plan = {0};
	const struct lab_target **targets;
	struct lab_frag_result *results;
	size_t count = 0;
	uint64_t days;
	int code = lab_cli_number(COMMAND, "--days",
				  words->days    ? words->days
				  : words->quick ? "1"
						 : "7",
				  1, DAYS_MAX, &days);

	if (!code)
		code = lab_bench_plan_lists(&plan, words->target, NULL);
	if (code)
		return code;
	targets = calloc(plan.target_count, sizeof(targets[0]));
	results = lab_child_share(plan.target_count * sizeof(results[0]));
	lab_assert(targets && results);
	fprintf(stderr, "bench frag: days=%" PRIu64 " seed=%" PRIu64 " targets=%zu frames=%" PRIu64 " of 4 KiB\n", days,
		seed, plan.target_count, LAB_FRAG_FRAMES);
	lab_cli_stop_catch();
	for (size_t i = 0; i < plan.target_count && !code && !lab_cli_stop_asked(); i++) {
		struct job job = {.target = plan.targets[i], .days = days, .seed = seed, .result = &results[count]};

		if (!has_pieces(plan.targets[i]))
			continue;
		code = run_one(&job);
		targets[count++] = plan.targets[i];
	}
	if (!code)
		lab_bench_frag_tell(targets, results, count, days, format);
	lab_child_unshare(results, plan.target_count * sizeof(results[0]));
	free(targets);
	return code ? code : LAB_EXIT_CLEAN;
}
