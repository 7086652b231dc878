/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_MARKS_H
#define LAB_ORACLE_MARKS_H

#include <stdbool.h>

#include <labyrinth/target.h>

#include "plat/atomic.h"

/*
 * The watermarks of one zone as the oracle knows them. They change at run time, one change at a time, while calls are
 * under way: `version` is odd during a change, and a call that saw the same even version at its start and its end was
 * judged under one set of marks. Any other call is judged by the lowest marks so far, which can accuse nobody wrongly.
 */
struct lab_marks_words {
	lab_atomic64 min, low, high, reserve[LAB_ZONE_COUNT];
};

struct lab_marks {
	lab_atomic64 version;
	struct lab_marks_words now, coming, lowest; /* coming: while version is odd */
};

void lab_marks_init(struct lab_marks *marks, const struct lab_zone_marks *from);
void lab_marks_begin(struct lab_marks *marks, const struct lab_zone_marks *to);
/* to: as at begin, or NULL if the change was refused */
void lab_marks_end(struct lab_marks *marks, const struct lab_zone_marks *to);
uint64_t lab_marks_version(const struct lab_marks *marks);

/* True when no change was under way from the version read at a call's start until now. */
bool lab_marks_stable(const struct lab_marks *marks, uint64_t version_at_start);

/* The frames that a request must leave free in the zone: by the marks in force if stable, else by the lowest so far. */
uint64_t lab_marks_floor(const struct lab_marks *marks, lab_gfp gfp, bool stable);

/* The marks in force. The lower ones while one set takes the place of another, which one thread only can tell. */
uint64_t lab_marks_low_now(const struct lab_marks *marks);
uint64_t lab_marks_high_now(const struct lab_marks *marks);

/* The same at this instant: the lower one of two sets while one takes the place of the other. One thread only. */
uint64_t lab_marks_floor_now(const struct lab_marks *marks, lab_gfp gfp);

#endif
