/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_CLOCK_H
#define LAB_PLAT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t lab_clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Time that never goes back, for durations and deadlines that a person sees. */
static inline uint64_t lab_clock_mono_ns(void)
{
	return lab_clock_read_ns(CLOCK_MONOTONIC);
}

/* CPU time of the calling thread: what a cost or a hang is judged by, since machines are shared. */
static inline uint64_t lab_clock_thread_ns(void)
{
	return lab_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

#endif
