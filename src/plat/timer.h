/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_TIMER_H
#define LAB_PLAT_TIMER_H

#include <stdint.h>
#include <time.h>

#include <labyrinth/status.h>

/* A periodic timer that sends a level's signal (plat/signal.h) to the thread that started it. */
struct lab_timer {
	timer_t handle;
};

/* First fires after first_ns, then each interval_ns; both above 0. LAB_OK: lab_timer_stop it. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_timer_start(struct lab_timer *timer, unsigned level, uint64_t first_ns,
					     uint64_t interval_ns);
/* Fires no more, but is still to be stopped. Async-signal-safe: a handler that starves its thread may call it. */
void lab_timer_disarm(struct lab_timer *timer);
void lab_timer_stop(struct lab_timer *timer);

#endif
