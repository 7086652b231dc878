/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "cli/restart.h"

static const struct lab_command *const commands[] = {
	&lab_command_stress, &lab_command_explore,  &lab_command_hunt,    &lab_command_minimize,  &lab_command_fuzz,
	&lab_command_verify, &lab_command_coverage, &lab_command_replay,  &lab_command_show,      &lab_command_build,
	&lab_command_stat,   &lab_command_bench,    &lab_command_targets, &lab_command_workloads, &lab_command_rules,
};

/*
 * AddressSanitizer's stacks on the heap would have contexts share the addresses of what they hand to the target, or
 * not, as it comes: a seed would tell of other traces each time. In a build without that sanitizer nobody calls this.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

static const struct lab_command *find_command(const char *name)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	lab_cli_error("unknown command '%s': expected one of those that 'labyrinth help' lists", name);
	return NULL;
}

static void print_commands(FILE *out)
{
	fprintf(out, "usage: labyrinth COMMAND [OPTION...] [ARGUMENT...]\n\n"
		     "Hunts for broken promises in page-frame allocators.\n\n");
	for (size_t i = 0; i < LAB_ARRAY_COUNT(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "  %-10s %s\n", "help", "what a command does and which options it takes: labyrinth help COMMAND");
	fprintf(out, "\nExit codes: 0 clean, 1 finding, 2 usage or bad input, 3 environment or harness error,\n"
		     "4 a finding that did not replay, 5 limit reached without an answer, 77 not supported here.\n");
}

static int help(int argc, const char **argv)
{
	const struct lab_command *command;

	if (argc < 2) {
		print_commands(stdout);
		return LAB_EXIT_CLEAN;
	}
	command = find_command(argv[1]);
	if (!command)
		return LAB_EXIT_USAGE;
	return command->run(2, (const char *[]){command->name, "--help", NULL});
}

static int dispatch(int argc, const char **argv)
{
	const struct lab_command *command;

	if (argc < 2) {
		print_commands(stderr);
		return LAB_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("labyrinth %s\n", LAB_VERSION);
		return LAB_EXIT_CLEAN;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(argc - 1, argv + 1);
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : LAB_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int code;

	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write, told by name */
	lab_cli_restart_catch(argc, argv);
	code = dispatch(argc, (const char **)argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		lab_cli_error("standard output: cannot be written");
		return code == LAB_EXIT_CLEAN ? LAB_EXIT_HARNESS : code;
	}
	return code;
}
