/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/found.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/twice.h"
#include "engine/shrink.h"
#include "plat/child.h"
#include "plat/clock.h"
#include "report/artifact.h"

/*
 * The shrinker runs in one child, at thousands of runs a second. When that takes its child along, because the rule is
 * one that does or because a smaller case breaks another one, each run gets a child of its own.
 */
#define CARRY_BYTES ((size_t)64 << 20)
/* Runs in children of their own: those that hang cost their limit, which is a fraction of what the verdict takes. */
#define LONE_RUNS     4000u
#define LONE_HUNG     100u
#define LONE_FRACTION 20u
#define LONE_CPU_NS   UINT64_C(200000000)

void lab_found_init(struct lab_found *found, struct lab_sim *sim, struct lab_isolate *isolate)
{
	*found = (struct lab_found){.sim = sim, .isolate = isolate};
	lab_scenario_init(&found->scenario);
}

void lab_found_free(struct lab_found *found)
{
	lab_scenario_free(&found->scenario);
	lab_choices_free(&found->choices);
}

struct job {
	struct lab_found *found;
	struct lab_shrink shrink;
	/* What the child brings back, in memory that both see. */
	struct carry {
		enum lab_status status;
		bool unsteady;
		size_t bytes;
		struct lab_sim_result result;
		uint8_t artifact[CARRY_BYTES];
	} *carry;
};

static void pack(struct job *job)
{
	struct lab_artifact artifact;
	uint8_t *bytes;
	size_t count;

	lab_artifact_init(&artifact);
	artifact.follows = true;
	artifact.scenario = job->found->scenario;
	artifact.choices = job->found->choices;
	job->carry->status = lab_artifact_write(&artifact, &bytes, &count);
	if (job->carry->status != LAB_OK)
		return;
	if (count > CARRY_BYTES)
		job->carry->status = LAB_NO_MEMORY;
	else
		memcpy(job->carry->artifact, bytes, count);
	job->carry->bytes = count;
	free(bytes);
}

static bool unpack(struct job *job)
{
	struct lab_found *found = job->found;
	struct lab_artifact_error error;
	struct lab_artifact artifact;
	bool whole;

	lab_artifact_init(&artifact);
	whole = lab_artifact_read(job->carry->artifact, job->carry->bytes, &artifact, &error) == LAB_OK;
	if (whole) {
		lab_scenario_copy(&found->scenario, &artifact.scenario);
		lab_choices_copy(&found->choices, &artifact.choices);
		found->result = job->carry->result;
	}
	lab_artifact_free(&artifact);
	return whole;
}

/* In the child: its thread did nothing else. */
static bool stop_here(void *arg)
{
	const struct lab_found *found = ((struct job *)arg)->found;

	return (found->shrink_ns && lab_clock_thread_ns() >= found->shrink_ns) ||
	       (found->stop && found->stop(found->arg));
}

static void shrink_here(void *arg)
{
	struct job *job = arg;

	job->carry->status = lab_shrink(&job->shrink);
	job->carry->unsteady = job->shrink.unsteady;
	job->carry->result = job->shrink.result;
	if (job->carry->status == LAB_OK)
		pack(job);
}

static bool stop_lone(void *arg)
{
	struct job *job = arg;

	return job->shrink.runs >= LONE_RUNS || (job->found->stop && job->found->stop(job->found->arg)) ||
	       (job->found->result.finding.rule == LAB_R09_PROGRESS && job->shrink.runs >= LONE_HUNG);
}

static enum lab_status shrink_lone(struct job *job)
{
	struct lab_isolate *isolate = job->found->isolate;
	uint64_t cpu_ns = isolate->cpu_ns;
	enum lab_status status;

	job->shrink.isolate = isolate;
	job->shrink.stop = stop_lone;
	job->shrink.arg = job;
	isolate->cpu_ns = LAB_MIN(cpu_ns, LAB_MAX(cpu_ns / LONE_FRACTION, LONE_CPU_NS));
	status = lab_shrink(&job->shrink);
	isolate->cpu_ns = cpu_ns;
	job->found->result = job->shrink.result;
	return status;
}

static bool shrink(struct job *job)
{
	struct lab_found *found = job->found;

	job->shrink = (struct lab_shrink){
		.sim = found->sim,
		.rule = found->result.finding.rule,
		.search_runs = found->search_runs,
		.stop = stop_here,
		.arg = job,
		.scenario = &found->scenario,
		.choices = &found->choices,
	};
	if (lab_isolate_job(found->isolate, found->sim, shrink_here, job) != LAB_OK)
		return false;
	if (found->isolate->shared->ended)
		return job->carry->status == LAB_OK && !job->carry->unsteady && unpack(job);
	return shrink_lone(job) == LAB_OK && !job->shrink.unsteady;
}

void lab_found_unsteady(struct lab_found *found, const char *who, uint64_t other_hash)
{
	const struct lab_twice twice = {
		.isolate = found->isolate,
		.sim = found->sim,
		.scenario = &found->scenario,
		.choices = &found->choices,
	};

	lab_twice_tell(&twice, found->result.event_hash, other_hash, &found->result.finding);
	found->result.found = true;
	lab_cli_error("%s: %s %s: %s", who, lab_rule_info(LAB_R17_DETERMINISM)->id,
		      lab_rule_info(LAB_R17_DETERMINISM)->slug, found->result.finding.detail);
}

/* The same once more; what was found is told in the words of the replay, which knows where a crash was. */
static bool replays(struct lab_found *found, const char *who, const char *when)
{
	const char *rule = lab_rule_info(found->result.finding.rule)->id;
	struct lab_sim_result again = {0};
	enum lab_status status = lab_isolate_follow(found->isolate, found->sim, &found->scenario, &found->choices, true,
						    NULL, &again, NULL);

	if (status != LAB_OK) {
		lab_cli_error("%s: a finding of %s could not be replayed%s: %s", who, rule, when,
			      status == LAB_SYSTEM ? strerror(errno) : lab_status_name(status));
		return false;
	}
	if (!again.found || again.finding.rule != found->result.finding.rule) {
		lab_cli_error("%s: a finding of %s did not replay%s: got %s: %s", who, rule, when,
			      again.found ? lab_rule_info(again.finding.rule)->id : "none",
			      found->result.finding.detail);
		lab_found_unsteady(found, who, again.event_hash);
		return false;
	}
	if (again.event_hash != found->result.event_hash) {
		lab_cli_error("%s: a finding of %s did not replay%s: event hash %016" PRIx64 ", then %016" PRIx64, who,
			      rule, when, found->result.event_hash, again.event_hash);
		lab_found_unsteady(found, who, again.event_hash);
		return false;
	}
	found->result = again;
	return true;
}

int lab_found_settle(struct lab_found *found, const char *who)
{
	struct job job = {.found = found};
	int code = LAB_EXIT_NONDETERMINISM;

	found->scenario.schedule_bytes = found->scenario.directive_count = 0;
	if (!replays(found, who, ""))
		return code;
	job.carry = lab_child_share(sizeof(*job.carry));
	if (!job.carry) {
		lab_cli_error("%s: no memory to share with a child: %s", who, strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	if (!shrink(&job))
		lab_cli_error("%s: a finding of %s did not replay while it was made smaller", who,
			      lab_rule_info(found->result.finding.rule)->id);
	else if (replays(found, who, " after it was made smaller"))
		code = 0;
	lab_child_unshare(job.carry, sizeof(*job.carry));
	return code;
}
