/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/program.h"

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/stop.h"
#include "plat/clock.h"
#include "plat/thread.h"
#include "report/file.h"

#define POLL_NS  UINT64_C(10000000)
#define SAID_MAX (16u << 20)

extern char **environ;

static int start(const struct lab_program *program, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (program->out >= 0)
		posix_spawn_file_actions_adddup2(&actions, program->out, STDOUT_FILENO);
	if (program->err >= 0)
		posix_spawn_file_actions_adddup2(&actions, program->err, STDERR_FILENO);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &none);
	error = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes,
			    (char *const *)(uintptr_t)program->arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

int lab_program_run(struct lab_program *program)
{
	bool asked = false, killed = false;
	uint64_t since_ns = lab_clock_mono_ns();
	struct rusage usage;
	pid_t pid;
	int end, error = start(program, &pid);

	if (error)
		return error;
	while (wait4(pid, &end, WNOHANG, &usage) == 0) {
		if (lab_cli_stop_asked() && !asked) {
			asked = true;
			kill(-pid, SIGTERM); /* its children, too */
		}
		if (lab_clock_mono_ns() - since_ns > program->limit_ns && !killed) {
			killed = true;
			kill(-pid, SIGKILL);
		}
		lab_thread_sleep_ns(POLL_NS);
	}
	program->code = WIFEXITED(end) && !killed ? WEXITSTATUS(end) : -1;
	program->cpu_ns = lab_clock_of_usage_ns(&usage);
	return 0;
}

char *lab_program_said(int descriptor)
{
	char path[64], *text;
	uint8_t *bytes;
	size_t count;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
	if (lab_file_read(path, SAID_MAX, &bytes, &count) != LAB_OK)
		return NULL;
	text = strndup((const char *)bytes, count);
	free(bytes);
	return text;
}
