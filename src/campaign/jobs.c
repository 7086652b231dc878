/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "plat/clock.h"

#define NAP_MS 20u
/* What the guard grants the group between asking and killing. */
#define GUARD_GRACE_MS 300u

static void nap(unsigned ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&time, NULL);
}

static _Noreturn void guard(int pipe_read)
{
	char byte;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	setpgid(0, 0);
	while (read(pipe_read, &byte, 1) < 0 && errno == EINTR)
		;
	kill(0, SIGTERM);
	nap(GUARD_GRACE_MS);
	kill(0, SIGKILL);
	_exit(0);
}

enum lab_status lab_jobs_open(struct lab_jobs *jobs)
{
	int ends[2];

	*jobs = (struct lab_jobs){.guard_pipe = -1};
	if (pipe2(ends, O_CLOEXEC) != 0)
		return LAB_SYSTEM;
	fflush(NULL);
	jobs->guard = fork();
	if (jobs->guard == 0) {
		close(ends[1]);
		guard(ends[0]);
	}
	close(ends[0]);
	if (jobs->guard < 0) {
		close(ends[1]);
		return LAB_SYSTEM;
	}
	/* Both sides set it, so that it holds whoever comes first. */
	setpgid(jobs->guard, jobs->guard);
	jobs->guard_pipe = ends[1];
	return LAB_OK;
}

/* In the child: answers only when the program cannot be executed. */
static void become(pid_t group, const char *const *argv, const char *const *environment, int log)
{
	int nothing = open("/dev/null", O_RDONLY);

	setpgid(0, group);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* where somebody killed the guard, too */
	/* A handled signal falls back at exec by itself; an ignored one would be inherited. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (nothing >= 0)
		dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	for (size_t i = 0; environment && environment[i]; i++)
		putenv((char *)environment[i]);
	execvp(argv[0], (char *const *)argv);
}

/* Forks and executes; a pipe that closes at exec brings the child's errno back. */
static enum lab_status spawn(pid_t group, const char *const *argv, const char *const *environment, int log,
			     pid_t *ret_pid)
{
	int ends[2], error = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return LAB_SYSTEM;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		become(group, argv, environment, log);
		error = errno;
		_exit(write(ends[1], &error, sizeof(error)) == sizeof(error) ? 127 : 126);
	}
	close(ends[1]);
	if (pid > 0 && read(ends[0], &error, sizeof(error)) == sizeof(error)) {
		waitpid(pid, NULL, 0);
		close(ends[0]);
		errno = error;
		return LAB_INVALID;
	}
	close(ends[0]);
	if (pid < 0)
		return LAB_SYSTEM;
	*ret_pid = pid;
	return LAB_OK;
}

enum lab_status lab_jobs_start(struct lab_jobs *jobs, unsigned index, const char *const *argv,
			       const char *const *environment, const char *log_path)
{
	struct lab_job *job = &jobs->job[index];
	enum lab_status status;
	int log, error;

	lab_assert_cmp(index, <, LAB_JOB_MAX);
	lab_assert_cmp(job->pid, ==, 0);
	log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log < 0)
		return LAB_SYSTEM;
	*job = (struct lab_job){0};
	status = spawn(jobs->guard, argv, environment, log, &job->pid);
	error = errno;
	close(log);
	errno = error;
	return status;
}

unsigned lab_jobs_poll(struct lab_jobs *jobs)
{
	unsigned running = 0;

	for (unsigned i = 0; i < LAB_JOB_MAX; i++) {
		struct lab_job *job = &jobs->job[i];

		if (job->pid && waitpid(job->pid, &job->wait_status, WNOHANG) == job->pid)
			job->pid = 0;
		running += job->pid != 0;
	}
	return running;
}

void lab_jobs_ask(const struct lab_jobs *jobs, unsigned index)
{
	if (jobs->job[index].pid)
		kill(jobs->job[index].pid, SIGINT);
}

void lab_jobs_close(struct lab_jobs *jobs, unsigned grace_ms)
{
	if (lab_jobs_poll(jobs))
		kill(-jobs->guard, SIGINT);
	for (unsigned waited = 0; waited < grace_ms && lab_jobs_poll(jobs); waited += NAP_MS)
		nap(NAP_MS);
	/* The guard goes with the group; it outlives this call only where this program dies before it. */
	kill(-jobs->guard, SIGKILL);
	while (waitpid(jobs->guard, NULL, 0) < 0 && errno == EINTR)
		;
	close(jobs->guard_pipe);
	for (unsigned i = 0; i < LAB_JOB_MAX; i++)
		if (jobs->job[i].pid)
			while (waitpid(jobs->job[i].pid, &jobs->job[i].wait_status, 0) < 0 && errno == EINTR)
				;
}

enum lab_status lab_jobs_run(const char *const *argv, const char *const *environment, const char *log_path,
			     unsigned limit_s, unsigned grace_ms, void (*idle)(void *arg), void *arg,
			     int *ret_wait_status)
{
	struct lab_jobs jobs;
	enum lab_status status;

	if (unlink(log_path) != 0 && errno != ENOENT)
		return LAB_SYSTEM;
	status = lab_jobs_open(&jobs);
	if (status != LAB_OK)
		return status;
	status = lab_jobs_start(&jobs, 0, argv, environment, log_path);
	for (uint64_t end = lab_clock_mono_ns() + limit_s * UINT64_C(1000000000);
	     lab_jobs_poll(&jobs) && lab_clock_mono_ns() < end;) {
		nap(NAP_MS);
		if (idle)
			idle(arg);
	}
	lab_jobs_close(&jobs, grace_ms);
	if (status == LAB_OK)
		*ret_wait_status = jobs.job[0].wait_status;
	return status;
}
