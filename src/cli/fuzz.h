/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_FUZZ_H
#define LAB_CLI_FUZZ_H

#include "campaign/session.h"

/* `labyrinth fuzz`, every default filled in. */
struct lab_fuzz_plan {
	struct lab_campaign campaign;
	bool ci, stop_on_finding;
	const char *sarif;
	/* What the campaign's paths point into. */
	char program[LAB_PATH_ROOM], libfuzzer[LAB_PATH_ROOM], afl[LAB_PATH_ROOM], mutator[LAB_PATH_ROOM],
		seeds[LAB_PATH_ROOM], regress[LAB_PATH_ROOM], folder[LAB_PATH_ROOM], host[65];
};

/* commit.c, made by the build. */
extern const char lab_cli_commit[];

extern const char *const lab_fuzz_fuzzers[]; /* NULL terminated */

/* fuzz_find.c: this program, the fuzz targets and their seeds, beside it or where it was installed. 0, or an exit code
 * after one line that says what is missing. */
int lab_fuzz_find(struct lab_fuzz_plan *plan, const char *fuzz_build, const char *corpus);
/* The program's own path; 0, or an exit code after one line. */
int lab_fuzz_find_program(const char *command, char path[LAB_PATH_ROOM]);
/* A folder of the source tree or of what was installed: "corpus"; false: neither is there. */
bool lab_fuzz_find_data(const char *program, const char *name, char path[LAB_PATH_ROOM]);

/* A fuzz target of an engine's build. False: path is where it was expected. */
bool lab_fuzz_find_binary(const char *program, const char *fuzz_build, const char *engine, const char *fuzzer,
			  char path[LAB_PATH_ROOM]);

/* fuzz_watch.c: runs the session to its end. NULL, or what ended it before its time, in words. */
const char *lab_fuzz_watch(const struct lab_fuzz_plan *plan, struct lab_session *session);

/* fuzz_tell.c: the closing lines; the exit code that they tell of. */
int lab_fuzz_tell(const struct lab_fuzz_plan *plan, const struct lab_session *session);

#endif
