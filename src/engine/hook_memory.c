/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim.h"

#include <string.h>

#include "base/bits.h"
#include "engine/hook.h"
#include "engine/hook_race.h"
#include "engine/sim_weak.h"

/*
 * Copies and fills, split into steps: words where the whole is a small object, which another context may see half
 * written; cache lines where it is great, so that wiping a page is not thousands of steps.
 */
#define SMALL_BYTES 64u
#define LINE_BYTES  64u

static size_t step_bytes(size_t bytes)
{
	return bytes <= SMALL_BYTES ? sizeof(uint64_t) : LINE_BYTES;
}

static void copy_step(char *to, const char *from, size_t bytes, const void *code)
{
	char held[LINE_BYTES];

	lab_sim_access(LAB_SIM_READ, from, bytes, code);
	lab_race_plain(from, bytes, false, code);
	memcpy(held, from, bytes);
	lab_sim_access(LAB_SIM_WRITE, to, bytes, code);
	lab_race_plain(to, bytes, true, code);
	lab_sim_weak_plain(to, bytes);
	memcpy(to, held, bytes);
}

/* Right for overlapping memory; where there is none, forward, for which of the two lies higher is the system's whim. */
static void *copy(void *to, const void *from, size_t bytes, const void *code)
{
	size_t step = step_bytes(bytes);
	bool backward = (uintptr_t)to - (uintptr_t)from < bytes;

	if (!lab_sim_watches())
		return memmove(to, from, bytes);
	for (size_t done = 0; done < bytes;) {
		size_t piece = LAB_MIN(step, bytes - done);
		size_t at = backward ? bytes - done - piece : done;

		copy_step((char *)to + at, (const char *)from + at, piece, code);
		done += piece;
	}
	return to;
}

static void *fill(void *to, int value, size_t bytes, const void *code)
{
	size_t step = step_bytes(bytes);

	if (!lab_sim_watches())
		return memset(to, value, bytes);
	for (size_t done = 0; done < bytes;) {
		size_t piece = LAB_MIN(step, bytes - done);

		lab_sim_access(LAB_SIM_WRITE, (char *)to + done, piece, code);
		lab_race_plain((char *)to + done, piece, true, code);
		lab_sim_weak_plain((char *)to + done, piece);
		memset((char *)to + done, value, piece);
		done += piece;
	}
	return to;
}

/* clang from 16 on calls the first kind; gcc, and what is not instrumented, the C library's. */
#define COPY(name)                                                                                                     \
	LAB_HOOK void *__wrap_##name(void *to, const void *from, size_t bytes);                                        \
	void *__wrap_##name(void *to, const void *from, size_t bytes)                                                  \
	{                                                                                                              \
		return copy(to, from, bytes, __builtin_return_address(0));                                             \
	}
#define FILL(name)                                                                                                     \
	LAB_HOOK void *__wrap_##name(void *to, int value, size_t bytes);                                               \
	void *__wrap_##name(void *to, int value, size_t bytes)                                                         \
	{                                                                                                              \
		return fill(to, value, bytes, __builtin_return_address(0));                                            \
	}

COPY(__tsan_memcpy)
COPY(__tsan_memmove)
COPY(memcpy)
COPY(memmove)
FILL(__tsan_memset)
FILL(memset)
