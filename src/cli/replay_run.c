/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/replay_run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/lanes.h"

static void print_line(void *arg, const char *line)
{
	puts(line);
}

static enum lab_status run_on(struct lab_sim *sim, const struct lab_artifact *artifact,
			      const struct lab_replay_way *way, struct lab_sim_result *ret_result,
			      struct lab_divergence *ret_divergence)
{
	struct lab_strategy *strategy = artifact->follows ? lab_strategy_follow(&artifact->choices, true) : NULL;
	struct lab_lanes lanes;
	const struct lab_sim_options options = {
		.quiesce = true,
		.sequential = way->sequential,
		.trace = way->story == LAB_REPLAY_TRACE ? print_line : NULL,
		.step = strategy && way->story == LAB_REPLAY_LANES ? lab_lanes_step : NULL,
		.arg = &lanes,
		.strategy = strategy,
	};
	enum lab_status status;

	if (way->story == LAB_REPLAY_LANES && strategy)
		lab_lanes_open(&lanes, &artifact->scenario);
	status = lab_sim_run(sim, &artifact->scenario, &options, ret_result);

	if (!strategy)
		return status;
	*ret_divergence = lab_strategy_divergence(strategy);
	lab_strategy_destroy(strategy);
	return status;
}

static void run_once(const struct lab_target *target, const struct lab_artifact *artifact,
		     const struct lab_replay_way *way, struct lab_replay_outcome *outcome,
		     struct lab_sim_result *ret_result)
{
	struct lab_divergence divergence = {0};
	struct lab_sim *sim;

	outcome->status = lab_sim_create(target, &sim);
	if (outcome->status != LAB_OK)
		return;
	outcome->status = run_on(sim, artifact, way, ret_result, &divergence);
	if (divergence.is)
		outcome->divergence = divergence;
	lab_sim_destroy(sim);
}

static _Noreturn void child(const struct lab_target *target, const struct lab_artifact *artifact,
			    const struct lab_replay_way *way, struct lab_replay_outcome *shared)
{
	const struct lab_replay_way again = {.sequential = way->sequential};

	/* one second more until the kernel does not ask any longer: SIGXCPU may be caught by the target */
	const struct rlimit limit = {way->cpu_seconds, way->cpu_seconds + 1}, no_core = {0, 0};

	setrlimit(RLIMIT_CPU, &limit);
	setrlimit(RLIMIT_CORE, &no_core);
	run_once(target, artifact, way, shared, &shared->first);
	if (shared->status == LAB_OK)
		run_once(target, artifact, &again, shared, &shared->second);
	shared->survived = true;
	fflush(stdout);
	_exit(0);
}

/* How the child ended names the rule: out of CPU time is R09, anything else R00. */
static void judge_end(int end, unsigned cpu_seconds, struct lab_sim_result *result)
{
	struct lab_finding *finding = &result->finding;
	bool hung = WIFSIGNALED(end) && (WTERMSIG(end) == SIGXCPU || WTERMSIG(end) == SIGKILL);

	result->found = true;
	*finding = (struct lab_finding){.rule = hung ? LAB_R09_PROGRESS : LAB_R00_CRASH, .frame = UINT64_MAX};
	if (hung)
		snprintf(finding->detail, sizeof(finding->detail), "no end within %u s of CPU time", cpu_seconds);
	else if (WIFSIGNALED(end))
		snprintf(finding->detail, sizeof(finding->detail), "signal %d, %s", WTERMSIG(end),
			 strsignal(WTERMSIG(end)));
	else
		snprintf(finding->detail, sizeof(finding->detail), "the process ended with exit code %d",
			 WEXITSTATUS(end));
}

enum lab_status lab_replay_run(const struct lab_target *target, const struct lab_artifact *artifact,
			       const struct lab_replay_way *way, struct lab_replay_outcome *ret_outcome)
{
	struct lab_replay_outcome *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int end;

	if (shared == MAP_FAILED)
		return LAB_SYSTEM;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(target, artifact, way, shared);
	if (pid < 0) {
		munmap(shared, sizeof(*shared));
		return LAB_SYSTEM;
	}
	while (waitpid(pid, &end, 0) < 0 && errno == EINTR)
		;
	if (!shared->survived)
		judge_end(end, way->cpu_seconds, &shared->first);
	*ret_outcome = *shared;
	munmap(shared, sizeof(*shared));
	return LAB_OK;
}
