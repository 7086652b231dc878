/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_USAGE_H
#define LAB_ENGINE_LIVE_USAGE_H

#include <stdbool.h>

#include <labyrinth/target.h>

#include "plat/atomic.h"

/*
 * How each lock class was used, as lockdep does it (R08): a class that is taken by a blocking acquisition in a context
 * which may interrupt a holder of that class is a deadlock waiting for its hour, even if none struck.
 */
#define LAB_LIVE_CLASS_MAX 256u

struct lab_live_class {
	lab_atomic64 key; /* 0: free */
	lab_atomic32 uses;
};

struct lab_live_usage {
	struct lab_live_class classes[LAB_LIVE_CLASS_MAX];
};

/* Contexts in which a class was taken by blocking, and those that could have interrupted a holder; 1 << kind each. */
struct lab_live_clash {
	enum lab_context_kind taken_in;
	const void *class_key;
};

/* Notes a blocking acquisition in `kind`. True: this use and an earlier one clash; told once. Lock-free. */
bool lab_live_usage_taken(struct lab_live_usage *usage, const struct lab_spinlock *lock, enum lab_context_kind kind,
			  struct lab_live_clash *ret_clash);
/* Notes that the lock is held in `kind` with interrupts masked or open. As above. */
bool lab_live_usage_held(struct lab_live_usage *usage, const struct lab_spinlock *lock, enum lab_context_kind kind,
			 bool masked, struct lab_live_clash *ret_clash);

#endif
