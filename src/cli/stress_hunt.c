/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/stress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/hunt.h"
#include "cli/stop.h"
#include "plat/clock.h"
#include "plat/thread.h"
#include "report/file.h"

#define POLL_NS  UINT64_C(10000000)
#define GRACE_NS UINT64_C(120000000000) /* beyond its time: to replay what it found, on a busy machine */
#define TOLD_MAX (1u << 20)

extern char **environ;

/*
 * A program of its own, and not a fork: threads of this process may lie crashed in the target with locks of the C
 * library in hand. Its process group is its own too, so that it is asked to end once, by us.
 */
static int start(const char *const *arguments, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &none);
	error = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, (char *const *)(uintptr_t)arguments,
			    environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* The exit code; -1: it crashed, or had to be ended. */
static int wait_for(pid_t pid, uint64_t limit_ns)
{
	uint64_t since_ns = lab_clock_mono_ns();
	bool asked = false, killed = false;
	int end;

	while (waitpid(pid, &end, WNOHANG) == 0) {
		if (lab_cli_stop_asked() && !asked) {
			asked = true;
			kill(-pid, SIGTERM); /* its children, too */
		}
		if (lab_clock_mono_ns() - since_ns > limit_ns && !killed) {
			killed = true;
			kill(-pid, SIGKILL);
		}
		lab_thread_sleep_ns(POLL_NS);
	}
	return WIFEXITED(end) && !killed ? WEXITSTATUS(end) : -1;
}

static uint64_t limit_ns(const struct lab_stress_plan *plan)
{
	return (1 + LAB_HUNT_SURE_TIMES) * plan->hunt_ns + GRACE_NS;
}

static char *told_in(int out)
{
	char path[64], *text = NULL;
	uint8_t *bytes;
	size_t count;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	if (lab_file_read(path, TOLD_MAX, &bytes, &count) != LAB_OK)
		return NULL;
	text = strndup((const char *)bytes, count);
	free(bytes);
	return text;
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
	int out = memfd_create("hunt", MFD_CLOEXEC), error, code = -1;
	pid_t pid;

	snprintf(time, sizeof(time), "%" PRIu64 "ms", plan->hunt_ns / 1000000);
	snprintf(seed, sizeof(seed), "%" PRIu64, plan->seed);
	error = out < 0 ? errno : start(arguments, out, &pid);
	if (error) {
		lab_cli_error("stress: the hunt cannot be started: %s", strerror(error));
	} else {
		code = wait_for(pid, limit_ns(plan));
		trail->told = told_in(out);
	}
	if (out >= 0)
		close(out);
	return code;
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
