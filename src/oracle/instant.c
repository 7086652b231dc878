/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "oracle/state.h"

/*
 * R03 exactly. With one thread T - O is one number at every instant, and the most that it was during a call is known:
 * it grows only when frames come back. A request that overlaps a change of marks may obey any that were in force during
 * it, so the lowest floor of the call counts.
 */

static void look(const struct lab_oracle *oracle, struct lab_call *call, enum lab_zone zone, bool first)
{
	const struct lab_instant now = {
		.left = (int64_t)(lab_oracle_there(oracle, zone) - lab_oracle_owned(oracle, zone) -
				  (UINT64_C(1) << call->request.order)),
		.floor = lab_marks_floor_now(&oracle->marks[zone], call->request.gfp),
	};
	struct lab_instant *best = &call->best[zone];

	*best = first ? now : (struct lab_instant){LAB_MAX(now.left, best->left), LAB_MIN(now.floor, best->floor)};
}

void lab_oracle_instant(struct lab_oracle *oracle, struct lab_call *call)
{
	bool first = call != NULL;

	lab_oracle_reclaim_instant(oracle);
	for (call = first ? call : oracle->open; call; call = first ? NULL : call->outer)
		for (unsigned zone = 0; call->kind == LAB_CALL_ALLOC && zone < LAB_ZONE_COUNT; zone++)
			look(oracle, call, zone, first);
}
