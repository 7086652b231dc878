/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/timer.h"

#include <signal.h>

#include "plat/signal.h"
#include "plat/thread.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define NS_PER_S UINT64_C(1000000000)

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
}

enum lab_status lab_timer_start(struct lab_timer *timer, unsigned level, uint64_t first_ns, uint64_t interval_ns)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = lab_signal_of_level(level)};
	struct itimerspec when = {.it_interval = to_timespec(interval_ns), .it_value = to_timespec(first_ns)};

	event.sigev_notify_thread_id = lab_thread_self();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer->handle) != 0)
		return LAB_SYSTEM;
	if (timer_settime(timer->handle, 0, &when, NULL) != 0) {
		timer_delete(timer->handle);
		return LAB_SYSTEM;
	}
	return LAB_OK;
}

void lab_timer_disarm(struct lab_timer *timer)
{
	struct itimerspec never = {.it_value = {0, 0}};

	timer_settime(timer->handle, 0, &never, NULL);
}

void lab_timer_stop(struct lab_timer *timer)
{
	timer_delete(timer->handle);
}
