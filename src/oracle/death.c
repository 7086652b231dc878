/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/state.h"

/*
 * R16. What the dead owned is nobody's from the moment at which it is got back, and what they had in hand in the middle
 * of a call never was anybody's; so the rules that count and sweep judge the rest, under another name (report.c).
 */

void lab_oracle_died(struct lab_oracle *oracle)
{
	oracle->died = true;
	/* A call that never ends has no place in an order of calls. */
	if (oracle->history)
		oracle->history->lost = true;
}

void lab_oracle_lost(struct lab_oracle *oracle, const void *block, const struct lab_request *request)
{
	lab_oracle_release_cells(oracle, block, request);
}

void lab_oracle_bury(struct lab_oracle *oracle, unsigned actor, unsigned others)
{
	struct lab_call **at = &oracle->open;

	lab_fetch_add_relaxed(&oracle->calls_ended, others);
	while (*at)
		if ((*at)->actor == actor) {
			lab_fetch_add_relaxed(&oracle->calls_ended, 1);
			*at = (*at)->outer;
		} else {
			at = &(*at)->outer;
		}
}
