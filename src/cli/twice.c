/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/twice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plat/child.h"

#define RUNS       8u
#define ROOM_BYTES ((size_t)64 << 20) /* of the first run's lines; what comes later is not compared */
#define LINE_BYTES 112u

/* The lines of the first run, and what another one says in their place. In memory that parent and child see. */
struct compare {
	bool differs;
	char expected[LINE_BYTES], found[LINE_BYTES];
	size_t used, at;
	bool compares; /* not the first run */
	char lines[ROOM_BYTES];
};

struct job {
	const struct lab_twice *twice;
	struct compare *compare;
};

static void differ(struct compare *compare, const char *expected, const char *found)
{
	if (compare->differs)
		return;
	compare->differs = true;
	snprintf(compare->expected, sizeof(compare->expected), "%s", expected);
	snprintf(compare->found, sizeof(compare->found), "%s", found);
}

static void hear(void *arg, const char *line)
{
	struct compare *compare = arg;
	size_t bytes;

	line += strspn(line, " ");
	bytes = strlen(line) + 1;
	if (!compare->compares) {
		if (bytes > ROOM_BYTES - compare->used)
			return;
		memcpy(compare->lines + compare->used, line, bytes);
		compare->used += bytes;
		return;
	}
	if (compare->at == compare->used) {
		if (ROOM_BYTES - compare->used > LINE_BYTES)
			differ(compare, "the end", line);
		return;
	}
	if (strcmp(compare->lines + compare->at, line) != 0)
		differ(compare, compare->lines + compare->at, line);
	compare->at += strlen(compare->lines + compare->at) + 1;
}

static void run(struct job *job)
{
	const struct lab_twice *twice = job->twice;
	struct lab_strategy *strategy = twice->choices ? lab_strategy_follow(twice->choices, true) : NULL;
	const struct lab_sim_options options = {
		.quiesce = true,
		.sequential = twice->sequential,
		.trace = hear,
		.arg = job->compare,
		.strategy = strategy,
	};
	struct lab_sim_result result;

	if (lab_sim_run(twice->sim, twice->scenario, &options, &result) == LAB_OK && job->compare->compares &&
	    job->compare->at < job->compare->used)
		differ(job->compare, job->compare->lines + job->compare->at, "the end");
	if (strategy)
		lab_strategy_destroy(strategy);
}

/* "17 task a: read of 8 bytes": the number, and the rest. */
static unsigned event_of(const struct compare *compare)
{
	unsigned long expected = strtoul(compare->expected, NULL, 10);

	return (unsigned)(expected ? expected : strtoul(compare->found, NULL, 10));
}

static const char *words_of(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return digits && line[digits] == ' ' ? line + digits + 1 : line;
}

static void run_all(void *arg)
{
	struct job *job = arg;

	for (unsigned i = 0; i < RUNS && !job->compare->differs; i++) {
		job->compare->compares = i > 0;
		job->compare->at = 0;
		run(job);
	}
}

void lab_twice_tell(const struct lab_twice *twice, uint64_t first_hash, uint64_t other_hash,
		    struct lab_finding *ret_finding)
{
	struct job job = {twice, lab_child_share(sizeof(struct compare))};

	*ret_finding =
		(struct lab_finding){.rule = LAB_R17_DETERMINISM, .actor = LAB_FINDING_NO_ACTOR, .frame = UINT64_MAX};
	snprintf(ret_finding->detail, sizeof(ret_finding->detail),
		 "two runs have event hashes %016" PRIx64 " and %016" PRIx64 "; %u more were alike", first_hash,
		 other_hash, RUNS);
	if (!job.compare)
		return;
	/* a run that takes its child along leaves what was seen until then */
	if (lab_isolate_job(twice->isolate, twice->sim, run_all, &job) == LAB_OK && job.compare->differs)
		snprintf(ret_finding->detail, sizeof(ret_finding->detail),
			 "two runs differ at event %u: %.100s; or: %.100s", event_of(job.compare),
			 words_of(job.compare->expected), words_of(job.compare->found));
	lab_child_unshare(job.compare, sizeof(*job.compare));
}
