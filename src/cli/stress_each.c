/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stress.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/stop.h"
#include "plat/child.h"

/*
 * --keep-going: each workload in a process of its own, since a finding may leave threads that crashed or hang, and the
 * next workload shall run all the same. Each tells its own options, result and verdict; a record about all comes last.
 */

struct each {
	struct lab_stress_plan plan; /* of one workload */
	struct shared {
		lab_atomic64 beats; /* never odd: a run watches over itself */
		lab_atomic64 pid;
	} *shared;
};

static void job(void *arg)
{
	struct each *each = arg;

	int code;

	/* relaxed: a number for pass_on_stop, which asks again and again */
	lab_store_relaxed(&each->shared->pid, (uint64_t)getpid());
	code = lab_stress_one(&each->plan);
	fflush(NULL);
	_exit(code);
}

static void pass_on_stop(void *arg)
{
	struct each *each = arg;
	pid_t pid = (pid_t)lab_load_relaxed(&each->shared->pid); /* relaxed: see job */

	if (pid && lab_cli_stop_asked())
		kill(pid, SIGTERM);
}

/* Its exit code. */
static int run_one(struct each *each)
{
	const struct lab_child_watch watch = {
		.beats = &each->shared->beats, .cpu_ns = UINT64_MAX, .look = pass_on_stop, .arg = each};
	enum lab_child_end end;
	int wait;

	lab_store_relaxed(&each->shared->pid, 0); /* relaxed: nobody else is there */
	if (lab_child_run(job, each, &watch, &end, &wait) != LAB_OK) {
		lab_cli_error("stress: a process cannot be started: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	if (WIFEXITED(wait))
		return WEXITSTATUS(wait);
	lab_cli_error("stress: %s: the run was killed by signal %d", each->plan.workloads[0]->name, WTERMSIG(wait));
	return LAB_EXIT_HARNESS;
}

static void tell(const struct lab_stress_plan *plan, size_t ran, const int *codes)
{
	struct lab_emit *emit = lab_emit_open(stdout, plan->format);
	char broken[256] = "";
	unsigned findings = 0;

	for (size_t i = 0; i < ran; i++) {
		if (codes[i] != LAB_EXIT_FINDING)
			continue;
		findings++;
		snprintf(broken + strlen(broken), sizeof(broken) - strlen(broken), "%s%s", broken[0] ? "," : "",
			 plan->workloads[i]->name);
	}
	lab_emit_begin(emit, "all");
	lab_emit_u64(emit, "workloads", ran);
	lab_emit_u64(emit, "findings", findings);
	if (findings)
		lab_emit_text(emit, "found_by", broken);
	lab_emit_bool(emit, "stopped_early", ran < plan->workload_count || lab_cli_stop_asked());
	lab_emit_end(emit);
	lab_emit_close(emit);
}

int lab_stress_each(const struct lab_stress_plan *plan)
{
	struct each each = {.plan = *plan, .shared = lab_child_share(sizeof(*each.shared))};
	int codes[LAB_STRESS_WORKLOAD_MAX], code = LAB_EXIT_CLEAN;
	size_t ran = 0;

	if (!each.shared) {
		lab_cli_error("stress: no memory to share with a child: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	each.plan.workload_count = 1;
	each.plan.duration_ns = plan->duration_ns / plan->workload_count;
	each.plan.op_limit = (plan->op_limit + plan->workload_count - 1) / plan->workload_count;
	for (; ran < plan->workload_count && !lab_cli_stop_asked(); ran++) {
		each.plan.workloads[0] = plan->workloads[ran];
		codes[ran] = run_one(&each);
		/* A finding says more than a run without an answer. */
		if (codes[ran] == LAB_EXIT_FINDING || code == LAB_EXIT_CLEAN)
			code = codes[ran];
	}
	if (plan->folder)
		code = lab_stress_folder_close(plan, lab_cli_stop_asked(), code);
	lab_child_unshare(each.shared, sizeof(*each.shared));
	tell(plan, ran, codes);
	return code;
}
