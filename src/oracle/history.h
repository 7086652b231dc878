/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_HISTORY_H
#define LAB_ORACLE_HISTORY_H

#include "oracle/model.h"

/*
 * R18: the calls of a window, from an instant at which none is under way to the next such one, with when each began and
 * ended. At the window's end a search asks of each side of the model whether it accepts them one by one in some order
 * in which no call comes before one that had ended when it began. What is left at the window's end does not depend on
 * that order, so windows are judged one by one. One thread; memory is taken at the start only.
 */
#define LAB_HISTORY_CALLS 64u
#define LAB_HISTORY_STEPS 4096u /* of a search; beyond it a window is not judged */
#define LAB_HISTORY_DEAD  8192u
#define LAB_HISTORY_NONE  LAB_HISTORY_CALLS

struct lab_history {
	struct lab_model model;
	struct lab_history_call {
		uint32_t begin, end; /* instants, counted up */
		struct lab_step step;
	} calls[LAB_HISTORY_CALLS];
	uint64_t kept, open; /* bits of calls: in the window; of these, those that have not ended */
	uint32_t now;
	bool spilled;               /* the window was too long: it is not judged, and calls are done as they end */
	bool lost;                  /* too many at once: nothing is known any more until a reset */
	enum lab_side broken;       /* which side accepted no order, when a window just ended so */
	uint64_t windows, unjudged; /* of more than one call; of these, those that were too much */
	/* Sets of calls that no order completes, of the search whose era that is. */
	struct lab_history_dead {
		uint64_t done;
		uint32_t era;
	} dead[LAB_HISTORY_DEAD];
	uint32_t era;
};

/* LAB_NO_MEMORY. May sleep. */
LAB_MUST_USE enum lab_status lab_history_create(const struct lab_oracle *oracle, struct lab_history **ret_history);
void lab_history_destroy(struct lab_history *history);
void lab_history_reset(struct lab_history *history);

/* A call begins; which one it is, or LAB_HISTORY_NONE: for lab_history_end. history may be NULL. */
unsigned lab_history_begin(struct lab_history *history);
/*
 * It ended with that answer; NULL: one that says nothing of any order. False: it ended a window that no order explains,
 * whose calls are those in *ret_window.
 */
bool lab_history_end(struct lab_history *history, unsigned call, const struct lab_step *step, uint64_t *ret_window);
/* The search itself: linear.c. */
enum lab_linear { LAB_LINEAR_YES, LAB_LINEAR_NO, LAB_LINEAR_UNKNOWN };
/* The model is as before on return. */
enum lab_linear lab_history_search(struct lab_history *history, enum lab_side side, uint64_t calls);

#endif
