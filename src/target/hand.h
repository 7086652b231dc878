/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_HAND_H
#define LAB_TARGET_HAND_H

#include "plat/sanitizer.h"

/*
 * Around each call of a packaged library, which is not compiled with ThreadSanitizer. That sees neither how the library
 * orders its own accesses, of which it knows those by memset and the like, nor that the last owner of a block comes
 * before the next one, and would report both. Races inside a library are not looked for.
 */
#if LAB_SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>

void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static inline void lab_hand_enter(void *target)
{
	__tsan_release(target);
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static inline void lab_hand_leave(void *target)
{
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	__tsan_acquire(target);
}
#else
static inline void lab_hand_enter(void *target)
{
}

static inline void lab_hand_leave(void *target)
{
}
#endif

#endif
