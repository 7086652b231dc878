/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_COROUTINE_STACK_H
#define LAB_PLAT_COROUTINE_STACK_H

#include <stddef.h>

/*
 * The machine's part of a coroutine: hand-written for x86-64 and aarch64, ucontext elsewhere (229 ns a switch instead
 * of 15: it saves the signal mask by a system call).
 */
#if (defined(__x86_64__) && !defined(__ILP32__)) || defined(__aarch64__)

struct lab_stack_mark {
	void *pointer;
};

#else

#include <ucontext.h>

struct lab_stack_mark {
	ucontext_t context;
};

#endif

/* Lays a first frame at the top of a stack, so that the first jump to it calls entry, which must never return. */
void lab_stack_prepare(struct lab_stack_mark *mark, void *stack, size_t bytes, void (*entry)(void));

/* Saves where the caller is in *from and goes on where *to was saved. */
void lab_stack_jump(struct lab_stack_mark *from, struct lab_stack_mark *to);

#endif
