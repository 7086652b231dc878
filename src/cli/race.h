/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_RACE_H
#define LAB_CLI_RACE_H

#include <stdbool.h>

/*
 * Race mode is another program, labyrinth-race beside this one: the same commands, with ThreadSanitizer's runtime. A
 * command that needs it has it done there, so that nobody else has to know.
 */

/* This is that program. */
bool lab_cli_race_is_here(void);

/* It is there to be begun. */
bool lab_cli_race_is_beside(void);

/* Begins that program in this one's place, with this command and these arguments; returns only if that fails: the exit
   code, after one line on stderr. argv[0] is not looked at. */
int lab_cli_race_become(const char *command, int argc, const char **argv);

/* Has that program do it and waits: the exit code that it ended with, or the one for why it could not be had. */
int lab_cli_race_run(const char *command, int argc, const char **argv);

#endif
