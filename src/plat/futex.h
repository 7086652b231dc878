/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_FUTEX_H
#define LAB_PLAT_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

/* Whose threads sleep on a key: one process', or all that map it. */
enum lab_futex_reach { LAB_FUTEX_OWN, LAB_FUTEX_SHARED };

/* Sleeps while *key is `seen`, until it is woken (true), or timeout_ns passes or a signal comes (false). */
bool lab_futex_wait(const uint32_t *key, uint32_t seen, uint64_t timeout_ns, enum lab_futex_reach reach);

/* Wakes all that sleep on key. Async-signal-safe. */
void lab_futex_wake(const uint32_t *key, enum lab_futex_reach reach);

#endif
