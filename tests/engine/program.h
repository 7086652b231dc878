/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_ENGINE_PROGRAM_H
#define LAB_TESTS_ENGINE_PROGRAM_H

#include "rig.h"

#include "engine/strategy.h"

/*
 * Small concurrent programs with known numbers of schedules: each context makes one call into a target, and that call
 * is a function of the test's, whose accesses are told to the engine.
 */
struct lab_program {
	/* What each context does, told which one it is; it reads and writes with lab_program_get and lab_program_set.
	 */
	void (*body)(unsigned context);
	void (*start)(void); /* before each run: the variables as at first */
	unsigned tasks;      /* each on its own CPU, from 0 */
	const char *handler; /* text of handlers behind the tasks, or NULL */
	bool one_cpu;        /* the tasks are all on CPU 0 */
	unsigned calls;      /* of each task; 0: one */
};

unsigned lab_program_get(unsigned *variable);
void lab_program_set(unsigned *variable, unsigned value);
/* Compare and swap, one step. */
bool lab_program_swap(unsigned *variable, unsigned expected, unsigned value);

/* Runs it once more under the strategy; the engine and all it keeps stay between runs of one program. */
void lab_program_open(const struct lab_program *program);
void lab_program_run(struct lab_strategy *strategy, struct lab_choices *record);
void lab_program_close(void);
extern struct lab_rig lab_program_rig;

#endif
