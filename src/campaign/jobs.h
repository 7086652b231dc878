/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_JOBS_H
#define LAB_CAMPAIGN_JOBS_H

#include <stdbool.h>
#include <sys/types.h>

#include <labyrinth/status.h>

/*
 * Child processes that never outlive their parent. All share the process group of a guard, a child that does nothing
 * but read a pipe: when the parent ends, in whatever way, kill -9 included, the pipe ends, and the guard ends the group
 * with all that the jobs started in it.
 */
#define LAB_JOB_MAX 64u

struct lab_job {
	pid_t pid;       /* 0: none, or ended */
	int wait_status; /* of an ended one, as waitpid has it */
};

struct lab_jobs {
	pid_t guard;
	int guard_pipe;
	struct lab_job job[LAB_JOB_MAX];
};

/* Starts the guard. LAB_SYSTEM: errno; nothing is left behind. */
LAB_MUST_USE enum lab_status lab_jobs_open(struct lab_jobs *jobs);

/*
 * Starts argv[0] as number `index`, where none runs, with its output appended to log_path and `environment` (NULL
 * terminated "NAME=value" strings) on top of ours. LAB_INVALID: argv[0] cannot be executed, errno says why. LAB_SYSTEM:
 * errno.
 */
LAB_MUST_USE enum lab_status lab_jobs_start(struct lab_jobs *jobs, unsigned index, const char *const *argv,
					    const char *const *environment, const char *log_path);

/* Takes note of those that ended; answers how many still run. Never waits. */
unsigned lab_jobs_poll(struct lab_jobs *jobs);

/* Asks one to end, in the way that engines end well. */
void lab_jobs_ask(const struct lab_jobs *jobs, unsigned index);

/* Asks all to end, waits at most grace_ms for them, then kills what is left of the group. */
void lab_jobs_close(struct lab_jobs *jobs, unsigned grace_ms);

/*
 * Runs argv to its end with its output in log_path (written anew), at most limit_s seconds of wall time; meanwhile
 * calls idle, unless NULL. At the limit it is asked to end, and killed grace_ms later. The answer in *ret_wait_status
 * is as waitpid has it.
 */
LAB_MUST_USE enum lab_status lab_jobs_run(const char *const *argv, const char *const *environment, const char *log_path,
					  unsigned limit_s, unsigned grace_ms, void (*idle)(void *arg), void *arg,
					  int *ret_wait_status);

#endif
