/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/stack.h"

#include <pthread.h>
#include <stdbool.h>

#include "plat/atomic.h"
#include "plat/sanitizer.h"

/* A frame's first words: the caller's frame, and where the function returns to. */
#if defined(__x86_64__) || defined(__aarch64__)
#define CHAINED true
#else
#define CHAINED false
#endif

struct link {
	uintptr_t outer, back;
};

static _Thread_local uintptr_t noted_low, noted_end;

void lab_stack_note(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	if (noted_end || pthread_getattr_np(pthread_self(), &attributes) != 0)
		return;
	if (pthread_attr_getstack(&attributes, &low, &bytes) == 0) {
		noted_low = (uintptr_t)low;
		/* A handler that comes in between sees an empty stack, or a whole one. */
		lab_compiler_barrier();
		noted_end = (uintptr_t)low + bytes;
	}
	pthread_attr_destroy(&attributes);
}

/* Reads other functions' frames, which a sanitizer may think out of bounds. */
LAB_NO_INSTRUMENTATION unsigned lab_stack_walk(const void *from, uintptr_t *ret_places, unsigned room)
{
	uintptr_t low = noted_low, end = noted_end, at = (uintptr_t)from;
	unsigned count = 0;

	while (CHAINED && count < room) {
		const struct link *link = (const struct link *)at; /* NOLINT(performance-no-int-to-ptr) */

		if (at < low || at >= end || end - at < sizeof(*link) || at % sizeof(uintptr_t) || !link->back)
			break;
		ret_places[count++] = link->back;
		if (link->outer <= at)
			break;
		at = link->outer;
	}
	return count;
}
