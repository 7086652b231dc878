/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_BACKTRACE_H
#define LAB_PLAT_BACKTRACE_H

#include <stddef.h>

/* Before the first walk, in a place where memory may be had: what walks is loaded then. May sleep. */
void lab_backtrace_prepare(void);

/*
 * Addresses of the calling thread's stack, each that a call returns to, from `from` outwards; also from a signal
 * handler, where `from` is an address that it interrupted. How many; 0: `from` is not among them. Async-signal-safe
 * after prepare.
 */
size_t lab_backtrace(const void *from, const void **to, size_t room);

#endif
