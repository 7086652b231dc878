/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/hook_sync.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

/* Naps and yields of a hooked module. In a run no time passes: others are let go first. */

static int nap(void *code)
{
	lab_sim_blocked(code);
	return 0;
}

SLEEPS(nanosleep, (const struct timespec *span, struct timespec *ret_left), (span, ret_left), nap(CODE))
SLEEPS(clock_nanosleep, (clockid_t clock, int flags, const struct timespec *span, struct timespec *ret_left),
       (clock, flags, span, ret_left), nap(CODE))
SLEEPS(usleep, (useconds_t span), (span), nap(CODE))

LAB_HOOK unsigned __wrap_sleep(unsigned seconds);
unsigned __wrap_sleep(unsigned seconds)
{
	if (lab_sim_blocks("sleep", CODE))
		return (unsigned)nap(CODE);
	lab_live_sleep_note("call=sleep", CODE);
	return sleep(seconds);
}

/* It may be called anywhere, and lets no interrupted context go on. */
LAB_HOOK int __wrap_sched_yield(void);
int __wrap_sched_yield(void)
{
	return lab_sim_runs() ? nap(CODE) : sched_yield();
}
