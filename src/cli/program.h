/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_PROGRAM_H
#define LAB_CLI_PROGRAM_H

#include <stdint.h>

/*
 * This program once more, with other arguments. A process of its own, and not a fork: what a target did to this one
 * does not matter to it. Its process group is its own too, so that it is asked to end once, by us, when we are.
 */
struct lab_program {
	const char *const *arguments; /* from "labyrinth" on, NULL terminated */
	int out, err;                 /* descriptors for what it says; -1: ours */
	uint64_t limit_ns;            /* of wall time, after which it is killed */
	/* Set by lab_program_run. */
	int code;        /* it ended with; -1: it crashed, or was killed */
	uint64_t cpu_ns; /* that it and its children took */
};

/* 0: it ended, however; otherwise errno: it was not started. Sleeps until then. */
int lab_program_run(struct lab_program *program);

/* What was written to a memfd, malloc'ed and the caller's to free; NULL: none, or too much. */
char *lab_program_said(int descriptor);

#endif
