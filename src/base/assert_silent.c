/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

/*
 * For the library that others embed: it prints nothing and needs nothing of the C library for it. The program stops
 * where the promise was broken, and a debugger finds here what it was.
 */

bool lab_assert_broken;

struct lab_assert_note {
	const char *condition, *file;
	int line;
	uint64_t left, right;
};

struct lab_assert_note lab_assert_note;

void lab_assert_failed(const char *condition, const char *file, int line, const char *function)
{
	lab_assert_cmp_failed(condition, 0, 0, file, line);
}

void lab_assert_cmp_failed(const char *condition, uint64_t left, uint64_t right, const char *file, int line)
{
	lab_assert_note = (struct lab_assert_note){condition, file, line, left, right};
	lab_assert_broken = true;
	__builtin_trap();
}
