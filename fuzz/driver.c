/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/file.h"
#include "report/walk.h"

/*
 * The stand-alone main: runs files, and all files of folders, each several times, so that state that leaks from one run
 * into the next shows as another event hash.
 *
 * Exit codes as `labyrinth`: 0 clean, 1 a finding (or a sanitizer's report), 2 an argument that cannot be read,
 * 3 our own fault, 4 a run that differed from the one before.
 */

#define REPEATS   3u
#define BYTES_MAX (1u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static unsigned long files_run;
static int worst; /* exit code so far */
static char running_path[LAB_WALK_PATH];

static void on_abort(int signal)
{
	/* write, not stdio: it may be in the middle of something */
	static const char before[] = "input: ", after[] = "\n";

	(void)!write(STDERR_FILENO, before, sizeof(before) - 1);
	(void)!write(STDERR_FILENO, running_path, strlen(running_path));
	(void)!write(STDERR_FILENO, after, sizeof(after) - 1);
	_exit(lab_fuzz_found ? 1 : 3);
}

static int run_file(const char *path)
{
	uint64_t first_hash = 0;
	enum lab_status status;
	uint8_t *bytes;
	size_t count;

	status = lab_file_read(path, BYTES_MAX, &bytes, &count);
	if (status != LAB_OK) {
		fprintf(stderr, "labyrinth: %s: %s\n", path,
			status == LAB_SYSTEM ? strerror(errno) : "larger than 1 MiB");
		return 2;
	}
	snprintf(running_path, sizeof(running_path), "%s", path);
	for (unsigned i = 0; i < REPEATS; i++) {
		LLVMFuzzerTestOneInput(bytes, count);
		if (i == 0)
			first_hash = lab_fuzz_event_hash;
		if (lab_fuzz_event_hash == first_hash)
			continue;
		fprintf(stderr, "labyrinth: %s: run %u has event hash %016llx, the first had %016llx\n", path, i + 1,
			(unsigned long long)lab_fuzz_event_hash, (unsigned long long)first_hash);
		free(bytes);
		return 4;
	}
	free(bytes);
	files_run++;
	return 0;
}

static void visit(void *arg, const char *path)
{
	int code = run_file(path);

	worst = code > worst ? code : worst;
}

int main(int argc, char **argv)
{
	char failed[LAB_WALK_PATH];

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...: runs each file %u times\n", argv[0], REPEATS);
		return 2;
	}
	signal(SIGABRT, on_abort);
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		if (lab_walk(argv[i], visit, NULL, failed) == LAB_OK)
			continue;
		fprintf(stderr, "labyrinth: %s: %s\n", failed, strerror(errno));
		worst = worst > 2 ? worst : 2;
	}
	printf("%lu files, %u runs each%s\n", files_run, REPEATS, worst ? ", with errors" : ", all alike");
	return worst;
}
