/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/bits.h"
#include "oracle/state.h"
#include "scenario/words.h"

/*
 * R13. Free is T - O, as everywhere: frames in the target's caches count, so it is never less than what the target has
 * truly free, and "below the mark" is true of both. Waking early is not judged.
 */

static int64_t free_of(const struct lab_oracle *oracle, unsigned zone)
{
	return (int64_t)(lab_oracle_there(oracle, zone) - lab_oracle_owned(oracle, zone));
}

void lab_oracle_reclaim_wake(struct lab_oracle *oracle, unsigned actor, const struct lab_request *request,
			     unsigned zone)
{
	if (zone >= LAB_ZONE_COUNT)
		return;
	lab_store_relaxed(&oracle->reclaim_wanted[zone], 1);
	if (!lab_oracle_applies(oracle, LAB_R13_RECLAIM) || !request || request->gfp & LAB_GFP_KSWAPD_RECLAIM)
		return;
	lab_oracle_report(oracle, LAB_R13_RECLAIM, actor, UINT64_MAX, request->order,
			  "zone=%s woken by a request without kswapd owners=%s", lab_zone_name(zone),
			  lab_oracle_owner_name(oracle, request->owner));
}

/*
 * A request that may wake the reclaimer ended alone, and left less than the low mark: it has asked for it, or somebody
 * did before and it has not come to rest. A step of the reclaimer counts as a call, so none was in between.
 */
void lab_oracle_judge_wake(struct lab_oracle *oracle, const struct lab_call *call, enum lab_zone zone)
{
	const struct lab_request *request = &call->request;
	int64_t left = free_of(oracle, zone);
	uint64_t low = lab_marks_low_now(&oracle->marks[zone]);

	if (!oracle->arena || !lab_oracle_applies(oracle, LAB_R13_RECLAIM) ||
	    !(request->gfp & LAB_GFP_KSWAPD_RECLAIM) || !oracle->machine->zones[zone].frames)
		return;
	if (left < 0 || (uint64_t)left >= low)
		return;
	if (lab_load_relaxed(&oracle->reclaim_wanted[zone]) || lab_load_relaxed(&oracle->reclaim_works[zone]))
		return;
	/* Asked last: then all that was read above stood still during the call. */
	if (!lab_marks_stable(&oracle->marks[zone], call->marks_at_start[zone]) || !lab_oracle_call_alone(oracle, call))
		return;
	lab_oracle_report(oracle, LAB_R13_RECLAIM, call->actor, UINT64_MAX, request->order,
			  "zone=%s free=%" PRId64 " low=%" PRIu64 " and nobody woke the reclaimer owners=%s",
			  lab_zone_name(zone), left, low, lab_oracle_owner_name(oracle, request->owner));
}

void lab_oracle_reclaim_instant(struct lab_oracle *oracle)
{
	struct lab_reclaim_step *step = oracle->reclaim;

	if (!step)
		return;
	step->most = LAB_MAX(step->most, free_of(oracle, step->zone));
	step->lowest = LAB_MIN(step->lowest, lab_marks_high_now(&oracle->marks[step->zone]));
}

void lab_oracle_reclaim_begin(struct lab_oracle *oracle, struct lab_reclaim_step *step, unsigned actor, unsigned zone,
			      bool had)
{
	lab_oracle_other_begin(oracle);
	lab_store_relaxed(&oracle->reclaim_wanted[zone], 0);
	lab_store_relaxed(&oracle->reclaim_works[zone], 1);
	*step = (struct lab_reclaim_step){.actor = actor,
					  .zone = zone,
					  .had = had,
					  .most = free_of(oracle, zone),
					  .lowest = lab_marks_high_now(&oracle->marks[zone])};
	if (oracle->config.one_thread)
		oracle->reclaim = step;
}

void lab_oracle_shrunk(struct lab_oracle *oracle, unsigned actor, uint64_t frames)
{
	if (oracle->config.one_thread && oracle->reclaim && oracle->reclaim->actor == actor && !frames)
		oracle->reclaim->vain = true;
}

/*
 * It may rest below the high mark only when there is nothing to be had. There was if the shrinkers had blocks of the
 * zone at both ends of the step, and did not answer that they had none in it.
 */
void lab_oracle_reclaim_end(struct lab_oracle *oracle, struct lab_reclaim_step *step, enum lab_reclaim answer, bool had)
{
	bool rests = answer == LAB_RECLAIM_REST;

	oracle->reclaim = NULL;
	lab_store_relaxed(&oracle->reclaim_works[step->zone], !rests);
	if (rests && oracle->config.one_thread && step->had && had && !step->vain && step->most >= 0 &&
	    (uint64_t)step->most < step->lowest && lab_oracle_applies(oracle, LAB_R13_RECLAIM))
		lab_oracle_report(oracle, LAB_R13_RECLAIM, step->actor, UINT64_MAX, 0,
				  "zone=%s the reclaimer rests at free=%" PRId64 " high=%" PRIu64
				  " with blocks left to shrink owners=nobody",
				  lab_zone_name(step->zone), step->most, step->lowest);
	lab_oracle_other_end(oracle);
}

unsigned lab_oracle_zone_of(const struct lab_oracle *oracle, const void *block)
{
	return lab_oracle_zone(oracle, lab_shadow_frame(&oracle->shadow, block));
}
