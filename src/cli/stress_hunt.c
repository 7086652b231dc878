/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/stress.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/hunt.h"
#include "cli/program.h"
#include "cli/stop.h"

#define GRACE_NS UINT64_C(120000000000) /* beyond its time: to replay what it found, on a busy machine */

static uint64_t limit_ns(const struct lab_stress_plan *plan)
{
	return (1 + LAB_HUNT_SURE_TIMES) * plan->hunt_ns + GRACE_NS;
}

static int run(const struct lab_stress_plan *plan, const char *rule, const char *artifact,
	       struct lab_stress_trail *trail)
{
	char time[32], seed[32];
	const char *const arguments[] = {
		"labyrinth", "hunt",       "--target",   plan->hooked ? plan->hooked : plan->target_name,
		"--rule",    rule,         "--time",     time,
		"--seed",    seed,         "--findings", plan->findings_dir,
		"--output",  artifact,     "--format",   plan->format == LAB_FORMAT_TEXT ? "text" : "jsonl",
		"--",        trail->scene, NULL};
	struct lab_program program = {.arguments = arguments,
				      .out = memfd_create("hunt", MFD_CLOEXEC),
				      .err = -1,
				      .limit_ns = limit_ns(plan),
				      .code = -1};
	int error;

	snprintf(time, sizeof(time), "%" PRIu64 "ms", plan->hunt_ns / 1000000);
	snprintf(seed, sizeof(seed), "%" PRIu64, plan->seed);
	error = program.out < 0 ? errno : lab_program_run(&program);
	if (error)
		lab_cli_error("stress: the hunt cannot be started: %s", strerror(error));
	else
		trail->told = lab_program_said(program.out);
	if (program.out >= 0)
		close(program.out);
	return program.code;
}

void lab_stress_hunt(const struct lab_stress_plan *plan, struct lab_stress_result *result)
{
	const char *rule = lab_rule_info(lab_live_finding(result->live)->rule)->id;
	struct lab_stress_trail *trail = &result->trail;
	char artifact[LAB_STRESS_PATH];
	size_t used = strlen(trail->note);
	int code;

	if (plan->hunt_ns < 1000000 || !trail->scene[0] || lab_cli_stop_asked())
		return;
	lab_live_report_takes(limit_ns(plan) + GRACE_NS);
	snprintf(artifact, sizeof(artifact), "%.*s.lab", (int)(strlen(trail->scene) - strlen(".scn")), trail->scene);
	fprintf(stderr, "stress: %s was broken; looking for a schedule that shows it, for %.1f s\n", rule,
		(double)plan->hunt_ns / 1e9);
	unlink(artifact);
	code = run(plan, rule, artifact, trail);
	/* A target that writes where it must not may break the end of a program, when its work is done. */
	if (access(artifact, R_OK) == 0) {
		snprintf(trail->artifact, sizeof(trail->artifact), "%s", artifact);
		return;
	}
	if (code == LAB_EXIT_NO_ANSWER)
		snprintf(trail->note + used, sizeof(trail->note) - used, "; no schedule that shows it was found");
	else if (code < 0)
		snprintf(trail->note + used, sizeof(trail->note) - used, "; the hunt for a schedule did not end");
	else
		snprintf(trail->note + used, sizeof(trail->note) - used,
			 "; the hunt for a schedule failed, exit code %d", code);
}
