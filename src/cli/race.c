/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/race.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "engine/race.h"

#define PROGRAM        "labyrinth-race"
#define PATH_MAX_BYTES 4096u

extern char **environ;

bool lab_cli_race_is_here(void)
{
	return lab_race_engine != NULL;
}

static bool find_beside(char *path, size_t room)
{
	ssize_t length = readlink("/proc/self/exe", path, room - 1);
	size_t folder;

	if (length <= 0)
		return false;
	path[length] = '\0';
	folder = (size_t)(strrchr(path, '/') + 1 - path);
	snprintf(path + folder, room - folder, PROGRAM);
	return access(path, X_OK) == 0;
}

bool lab_cli_race_is_beside(void)
{
	char path[PATH_MAX_BYTES];

	return find_beside(path, sizeof(path));
}

/* 0, or the exit code after one line. */
static int find_program(const char *command, char *path, size_t room)
{
	if (find_beside(path, room))
		return 0;
	lab_cli_error("%s: race mode: no %s beside this program: expected a build with clang and without a sanitizer",
		      command, PROGRAM);
	return LAB_EXIT_UNSUPPORTED;
}

/* malloc'ed: program, command, arguments. */
static char **words(const char *command, int argc, const char **argv)
{
	const char **all = calloc((size_t)argc + 2, sizeof(*all));

	if (!all)
		return NULL;
	all[0] = PROGRAM;
	all[1] = command;
	for (int i = 1; i < argc; i++)
		all[i + 1] = argv[i];
	return (char **)all;
}

static int not_started(const char *command, const char *path, int error)
{
	lab_cli_error("%s: %s: %s", command, path, strerror(error));
	return LAB_EXIT_HARNESS;
}

int lab_cli_race_become(const char *command, int argc, const char **argv)
{
	char path[PATH_MAX_BYTES], **all;
	int code = find_program(command, path, sizeof(path));

	if (code)
		return code;
	all = words(command, argc, argv);
	fflush(stdout);
	if (all)
		execv(path, all);
	code = not_started(command, path, errno);
	free(all);
	return code;
}

int lab_cli_race_run(const char *command, int argc, const char **argv)
{
	char path[PATH_MAX_BYTES], **all;
	int code = find_program(command, path, sizeof(path)), end;
	pid_t pid;

	if (code)
		return code;
	all = words(command, argc, argv);
	fflush(stdout);
	code = all ? posix_spawn(&pid, path, NULL, NULL, all, environ) : ENOMEM;
	free(all);
	if (code)
		return not_started(command, path, code);
	while (waitpid(pid, &end, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(end))
		return WEXITSTATUS(end);
	lab_cli_error("%s: %s: ended by signal %d, %s", command, path, WTERMSIG(end), strsignal(WTERMSIG(end)));
	return LAB_EXIT_HARNESS;
}
