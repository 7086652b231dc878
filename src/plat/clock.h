/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_CLOCK_H
#define LAB_PLAT_CLOCK_H

#include <stdint.h>
#include <sys/resource.h>
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

/* CPU time of a process and of those of its children that it waited for. */
static inline uint64_t lab_clock_of_usage_ns(const struct rusage *usage)
{
	return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * UINT64_C(1000000000) +
	       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000;
}

/* CPU time of this process (RUSAGE_SELF) or of its children that were waited for, and theirs (RUSAGE_CHILDREN). */
static inline uint64_t lab_clock_usage_ns(int whose)
{
	struct rusage usage;

	getrusage(whose, &usage);
	return lab_clock_of_usage_ns(&usage);
}

#endif
