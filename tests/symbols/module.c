/* SPDX-License-Identifier: Apache-2.0 */
#include "wrapper_atomic.h"

/* Functions that answer where in them a call was made; each call's line says in its comment which it is. */

struct symbols_pool {
	long count;
	long free[4];
};
struct symbols_pool symbols_pool = {1, {2, 3, 4, 5}};

__attribute__((noinline)) void *symbols_here(void)
{
	__asm__ volatile("");
	return __builtin_return_address(0);
}

void *symbols_plain(void)
{
	void *at = symbols_here(); /* the plain one */

	__asm__ volatile("" : "+r"(at));
	return at;
}

static inline __attribute__((always_inline)) void *inner(void)
{
	return symbols_here(); /* the one inside */
}

void *symbols_inlined(void)
{
	void *at = inner(); /* not this */

	__asm__ volatile("" : "+r"(at));
	return at;
}

void *symbols_wrapped(void)
{
	void *at = wrapper_here(); /* the caller of a wrapper */

	__asm__ volatile("" : "+r"(at));
	return at;
}
