/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_CLI_H
#define LAB_CLI_CLI_H

#include <labyrinth/target.h>
#include <popt.h>
#include <stdint.h>

#include "report/emit.h"

/* Exit codes: docs/labyrinth.1. */
enum lab_exit {
	LAB_EXIT_CLEAN = 0,
	LAB_EXIT_FINDING = 1,
	LAB_EXIT_USAGE = 2,
	LAB_EXIT_HARNESS = 3,
	LAB_EXIT_NONDETERMINISM = 4,
	LAB_EXIT_NO_ANSWER = 5,
	LAB_EXIT_UNSUPPORTED = 77,
};

/* One subcommand a file; argv[0] is the subcommand's name. The answer is the exit code. */
struct lab_command {
	const char *name, *summary, *usage;
	int (*run)(int argc, const char **argv);
};

extern const struct lab_command lab_command_stress, lab_command_explore, lab_command_hunt, lab_command_minimize,
	lab_command_replay, lab_command_fuzz, lab_command_show, lab_command_build, lab_command_stat, lab_command_bench,
	lab_command_targets, lab_command_workloads, lab_command_rules, lab_command_verify, lab_command_coverage;

/*
 * Parses options with popt; table as popt wants it. The rest of the arguments is *ret_rest (NULL terminated, valid
 * until the process ends). 0, or LAB_EXIT_USAGE after one line on stderr that names option, value and expectation;
 * -1: help was asked for and printed.
 */
int lab_cli_parse(const struct lab_command *command, int argc, const char **argv, const struct poptOption *table,
		  const char ***ret_rest);

/* One line on stderr: "labyrinth: ..." */
void lab_cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What such a line ends with: what the system said last, or the status. */
const char *lab_cli_why(enum lab_status status);

/*
 * Each of these answers 0, or LAB_EXIT_USAGE after one line on stderr that names the command, the option, its value and
 * what was expected; ret_x is set only on 0. `option` is as the user writes it ("--threads").
 */
int lab_cli_no_arguments(const struct lab_command *command, const char **rest);
/* Calls `take` for each word of a list with commas; stops at the first that does not answer 0, and answers that. */
int lab_cli_each_word(const char *list, int (*take)(void *arg, const char *word), void *arg);
int lab_cli_number(const struct lab_command *command, const char *option, const char *text, uint64_t least,
		   uint64_t most, uint64_t *ret_number);
/* names: NULL terminated. */
int lab_cli_choice(const struct lab_command *command, const char *option, const char *text, const char *const *names,
		   unsigned *ret_index);
/* A built-in target or a plug-in's file, as it is or for the deterministic engine. */
int lab_cli_target(const struct lab_command *command, const char *name, const struct lab_target **ret_target);
int lab_cli_target_hooked(const struct lab_command *command, const char *option, const char *name,
			  const struct lab_target **ret_target, bool *ret_hooked);
/* --format text|jsonl; text NULL: not given. */
int lab_cli_format(const struct lab_command *command, const char *text, enum lab_format *ret_format);

/* --cpu-limit: a time from 100ms to 24h. */
int lab_cli_cpu_limit(const struct lab_command *command, const char *text, uint64_t *ret_ns);

/* Of the exit codes that several things earned, a bit for each, the one that a caller must not miss. */
int lab_cli_worst(unsigned codes);

/* "30s", "5m", "1h", "500ms" or plain seconds; 0 on success. */
int lab_cli_duration(const char *text, uint64_t *ret_ns);

#endif
