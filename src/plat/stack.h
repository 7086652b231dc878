/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_STACK_H
#define LAB_PLAT_STACK_H

#include <stdint.h>

/* Notes where the calling thread's stack lies, for lab_stack_walk. May sleep; a second call does nothing. */
void lab_stack_note(void);

/*
 * Follows the chain of frame pointers from a function's own frame (__builtin_frame_address(0)) outwards, and writes the
 * return addresses, innermost first. Reads nothing but the noted stack from `frame` up, so whatever a frame pointer
 * holds, no access fails; code without frame pointers makes the answer shorter or wrong. 0 on a stack that was not
 * noted (an alternate one, a coroutine's), and on machines whose frames are laid out otherwise. Wait-free,
 * async-signal-safe.
 */
unsigned lab_stack_walk(const void *frame, uintptr_t *ret_places, unsigned room);

#endif
