/* SPDX-License-Identifier: Apache-2.0 */
#include "plat/backtrace.h"

#include <execinfo.h>
#include <string.h>

#include "base/bits.h"

#define DEPTH_MAX 64

void lab_backtrace_prepare(void)
{
	void *one;

	(void)backtrace(&one, 1);
}

size_t lab_backtrace(const void *from, const void **to, size_t room)
{
	void *all[DEPTH_MAX];
	int count = backtrace(all, DEPTH_MAX), first = 0;
	size_t kept;

	while (first < count && all[first] != from)
		first++;
	kept = LAB_MIN((size_t)(count - first), room);
	memcpy(to, all + first, kept * sizeof(*to));
	return kept;
}
