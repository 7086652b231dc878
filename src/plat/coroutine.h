/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_COROUTINE_H
#define LAB_PLAT_COROUTINE_H

#include <stddef.h>

#include <labyrinth/status.h>

/*
 * Stacks that one OS thread switches between by hand: no signal mask, no floating-point environment beyond what the ABI
 * makes callee-saved. AddressSanitizer and ThreadSanitizer are told of each switch.
 */
struct lab_coroutine;

/* The thread's own stack as one side of a switch; from malloc, the caller's until lab_coroutine_destroy. */
LAB_MUST_USE enum lab_status lab_coroutine_adopt(struct lab_coroutine **ret_coroutine);

/*
 * A new stack of at least stack_bytes with an unmapped page below it; body(arg) starts at the first switch to it and
 * must never return. LAB_SYSTEM: errno; LAB_NO_MEMORY. May sleep.
 */
LAB_MUST_USE enum lab_status lab_coroutine_create(size_t stack_bytes, void (*body)(void *arg), void *arg,
						  struct lab_coroutine **ret_coroutine);

/* Gives the stack back, whatever is on it; never the running one. NULL is accepted. */
void lab_coroutine_destroy(struct lab_coroutine *coroutine);

/* Its stack's lowest byte; NULL of an adopted one. *ret_bytes: from there to its end, or 0. */
const void *lab_coroutine_stack(const struct lab_coroutine *coroutine, size_t *ret_bytes);

/*
 * Forgets what the stack holds: body(arg) starts anew at the next switch to it. Much cheaper than a new one. Not for
 * the running one, nor for an adopted one.
 */
void lab_coroutine_restart(struct lab_coroutine *coroutine);

/* Leaves `from`, which must be the running one, for `to`; returns when somebody switches to `from` again. */
void lab_coroutine_switch(struct lab_coroutine *from, struct lab_coroutine *to);

#endif
