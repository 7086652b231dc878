/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_BROKEN_H
#define LAB_TESTS_BROKEN_H

#include "tests/oracle/rig.h"

/* A copy of the table of `locked`, which a test then breaks in one place; the instance stays locked's own. */
struct lab_target lab_broken_target(void);

/* Exactly one finding so far, of that rule, whose detail has that text in it; then forgets it. */
void lab_broken_expect(struct lab_rig *rig, enum lab_rule rule, const char *text);
void lab_broken_expect_none(const struct lab_rig *rig);

#endif
