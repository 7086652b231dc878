/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool lab_assert_broken;

void lab_assert_failed(const char *condition, const char *file, int line, const char *function)
{
	fprintf(stderr, "labyrinth: %s:%d: %s: broken promise: %s\n", file, line, function, condition);
	lab_assert_broken = true;
	abort();
}

void lab_assert_cmp_failed(const char *condition, uint64_t left, uint64_t right, const char *file, int line)
{
	fprintf(stderr, "labyrinth: %s:%d: broken promise: %s (%" PRIu64 ", %" PRIu64 ")\n", file, line, condition,
		left, right);
	lab_assert_broken = true;
	abort();
}
