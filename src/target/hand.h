/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_HAND_H
#define LAB_TARGET_HAND_H

#include "plat/sanitizer.h"

/*
 * A packaged library is not compiled with ThreadSanitizer, which cannot see that it orders the last owner of a block
 * before the next one, and would report each hand-over. It is told so here; races inside a library are not looked for.
 */
#if LAB_SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>

static inline void lab_hand_given(void *target)
{
	__tsan_release(target);
}

static inline void lab_hand_taken(void *target)
{
	__tsan_acquire(target);
}
#else
static inline void lab_hand_given(void *target)
{
}

static inline void lab_hand_taken(void *target)
{
}
#endif

#endif
