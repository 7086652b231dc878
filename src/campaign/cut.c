/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/sort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/folder.h"
#include "report/file.h"

/*
 * Leaves out pieces of bytes, half of them at first, while what is left shows the same. The engines' own minimisers
 * (-minimize_crash, afl-tmin) keep any crash, which may be another one.
 */
#define RUNS_MAX 400u

struct cut {
	const char *path;
	char beside[LAB_PATH_ROOM + 8];
	uint8_t *bytes, *shorter;
	size_t count;
	unsigned runs;
	bool (*shows)(void *arg, const char *path);
	void *arg;
	enum lab_status status;
};

/* Tries without the piece at `from`. */
static bool try_without(struct cut *cut, size_t from, size_t piece)
{
	size_t left = cut->count - piece;

	cut->runs++;
	memcpy(cut->shorter, cut->bytes, from);
	memcpy(cut->shorter + from, cut->bytes + from + piece, left - from);
	cut->status = lab_file_write(cut->beside, cut->shorter, left);
	if (cut->status != LAB_OK || !cut->shows(cut->arg, cut->beside))
		return false;
	memcpy(cut->bytes, cut->shorter, left);
	cut->count = left;
	return true;
}

static void cut_all(struct cut *cut)
{
	for (size_t piece = (cut->count + 1) / 2; piece > 0 && cut->runs < RUNS_MAX; piece /= 2)
		for (size_t from = 0; from < cut->count && cut->runs < RUNS_MAX && cut->status == LAB_OK;)
			if (!try_without(cut, from, LAB_MIN(piece, cut->count - from)))
				from += piece;
}

enum lab_status lab_cut(const char *path, bool (*shows)(void *arg, const char *path), void *arg)
{
	struct cut cut = {.path = path, .shows = shows, .arg = arg, .status = LAB_OK};
	enum lab_status status = lab_file_read(path, LAB_INPUT_BYTES_MAX, &cut.bytes, &cut.count);

	if (status != LAB_OK)
		return status;
	cut.shorter = malloc(cut.count + 1);
	lab_assert(cut.shorter);
	snprintf(cut.beside, sizeof(cut.beside), "%s.try", path);
	cut_all(&cut);
	status = cut.status == LAB_OK ? lab_file_write(path, cut.bytes, cut.count) : cut.status;
	unlink(cut.beside);
	free(cut.shorter);
	free(cut.bytes);
	return status;
}
