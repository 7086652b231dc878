/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "oracle/state.h"

/*
 * R03 exactly. With one thread T - O is one number at every instant. A success is right if at some instant of its call
 * T - O less its frames was no less than the floor of that instant. That difference grows only when a call begins,
 * frames come back, or the marks change; these are the instants that are looked at.
 */

/* A floor may be beyond all numbers of frames. */
static int64_t slack(const struct lab_instant *instant)
{
	return instant->left - (int64_t)LAB_MIN(instant->floor, (uint64_t)INT64_MAX / 2);
}

static void look(const struct lab_oracle *oracle, struct lab_call *call, enum lab_zone zone, bool first)
{
	const struct lab_instant now = {
		.left = (int64_t)(oracle->total[zone] - lab_oracle_owned(oracle, zone) -
				  (UINT64_C(1) << call->request.order)),
		.floor = lab_marks_floor_now(&oracle->marks[zone], call->request.gfp),
	};

	if (first || slack(&now) > slack(&call->best[zone]))
		call->best[zone] = now;
}

void lab_oracle_instant(struct lab_oracle *oracle, struct lab_call *call)
{
	bool first = call != NULL;

	for (call = first ? call : oracle->open; call; call = first ? NULL : call->outer)
		for (unsigned zone = 0; call->kind == LAB_CALL_ALLOC && zone < LAB_ZONE_COUNT; zone++)
			look(oracle, call, zone, first);
}
