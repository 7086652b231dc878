/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_BASE_ASSERT_H
#define LAB_BASE_ASSERT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A broken promise of our own code: always on, prints the values, aborts. Never for an operating error (a status) and
 * never for what a target does wrong (a finding). The condition must have no side effect.
 */
#define lab_assert(condition)                                                                                          \
	do {                                                                                                           \
		if (__builtin_expect(!(condition), 0))                                                                 \
			lab_assert_failed(#condition, __FILE__, __LINE__, __func__);                                   \
	} while (0)

/* Compares two unsigned integers and prints both when the comparison fails. */
#define lab_assert_cmp(left, op, right)                                                                                \
	do {                                                                                                           \
		uint64_t lab_left_ = (uint64_t)(left), lab_right_ = (uint64_t)(right);                                 \
		if (__builtin_expect(!(lab_left_ op lab_right_), 0))                                                   \
			lab_assert_cmp_failed(#left " " #op " " #right, lab_left_, lab_right_, __FILE__, __LINE__);    \
	} while (0)

/* Set just before the abort: for a crash handler, which must tell ours from a target's. */
extern bool lab_assert_broken;

_Noreturn void lab_assert_failed(const char *condition, const char *file, int line, const char *function);
_Noreturn void lab_assert_cmp_failed(const char *condition, uint64_t left, uint64_t right, const char *file, int line);

#endif
