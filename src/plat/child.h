/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_CHILD_H
#define LAB_PLAT_CHILD_H

#include <stddef.h>

#include <labyrinth/status.h>

#include "plat/atomic.h"

/* A job in a child process, watched from outside: what it does to its process is no harm to ours. */

/* HUNG: out of CPU time; ASLEEP: it slept in the kernel all the while. Both were killed. */
enum lab_child_end { LAB_CHILD_ENDED, LAB_CHILD_HUNG, LAB_CHILD_ASLEEP };

struct lab_child_watch {
	/* In memory that both share, written by the child: odd while something is under way that has to end. */
	lab_atomic64 *beats;
	uint64_t cpu_ns;         /* CPU time that this may take; never wall time, since machines are shared */
	void (*look)(void *arg); /* called in the parent several times a second; NULL for none */
	void *arg;
};

/*
 * Runs job(arg) in a child that ends with the parent and leaves no core file; may sleep. The output that stdio holds is
 * written before, and at the job's end. LAB_OK: *ret_wait is what waitpid said. LAB_SYSTEM: there is no child; errno.
 */
LAB_MUST_USE enum lab_status lab_child_run(void (*job)(void *arg), void *arg, const struct lab_child_watch *watch,
					   enum lab_child_end *ret_end, int *ret_wait);

/* Zeroed memory that children share with us; pages that nobody touches cost nothing. NULL: errno. */
void *lab_child_share(size_t bytes);
void lab_child_unshare(void *memory, size_t bytes);

#endif
