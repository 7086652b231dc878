/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/cpu.h"

#include <sched.h>

#include "plat/atomic.h"

#define THREAD_NUMBERS 65533u

unsigned lab_cpu_now(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? 0 : (unsigned)cpu;
}

unsigned lab_thread_number(void)
{
	static lab_atomic64 given;
	/* An interrupt between the look and the store would take a second number for its thread; so it is swapped in.
	 */
	static _Thread_local lab_atomic32 number;
	uint32_t seen = lab_load_relaxed(&number); /* thread-local: only this thread's handlers compete */

	if (!seen) {
		uint32_t mine = (uint32_t)(lab_fetch_add_relaxed(&given, 1) % THREAD_NUMBERS) + 1; /* only unique */

		if (lab_cas_relaxed(&number, &seen, mine))
			seen = mine;
	}
	return seen;
}
