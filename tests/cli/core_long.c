/* SPDX-License-Identifier: Apache-2.0 */
#include "core/view.h"
#include "plat/atomic.h"

/* The reference allocator with a request that does more than its bound says: for `bench tail`. */
#define LONGER 5000u

static void take_long(const struct lab_arena *arena)
{
	/* Looked up once, so that a round is one event whoever compiles it. */
	const lab_atomic64 *budget = &lab_zone_state(arena, LAB_ZONE_NORMAL)->budget;

	for (unsigned i = 0; i < LONGER; i++)
		(void)lab_load_relaxed(budget); /* nobody needs it */
}

#define lab_view_begin(arena, frame, gfp) (take_long(arena), (lab_view_begin)(arena, frame, gfp))
#include "core/alloc.c"
