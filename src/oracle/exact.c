/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "oracle/state.h"

static bool is_exact(const struct lab_oracle *oracle)
{
	return oracle->target->caps & LAB_CAP_EXACT;
}

static bool run_is_free(const struct lab_oracle *oracle, uint64_t frame, uint64_t frames)
{
	for (uint64_t i = 0; i < frames; i++)
		if (!oracle->census[frame + i] || lab_load_relaxed(&oracle->shadow.cells[frame + i].owner))
			return false;
	return true;
}

bool lab_oracle_has_shape(const struct lab_oracle *oracle, enum lab_zone zone, unsigned order, uint64_t *ret_frame)
{
	uint64_t frames = UINT64_C(1) << order;

	for (size_t i = 0; i < oracle->machine->span_count; i++) {
		const struct lab_span *span = &oracle->machine->spans[i];
		uint64_t end = span->first_frame + span->frame_count;

		if (span->zone != zone || !lab_oracle_is_present(oracle, span->first_frame))
			continue;
		for (uint64_t frame = (span->first_frame + frames - 1) / frames * frames; frame + frames <= end;
		     frame += frames)
			if (run_is_free(oracle, frame, frames)) {
				*ret_frame = frame;
				return true;
			}
	}
	return false;
}

static bool zone_sufficed(const struct lab_oracle *oracle, const struct lab_call *call, enum lab_zone zone,
			  uint64_t *ret_frame)
{
	const struct lab_request *request = &call->request;
	uint64_t owned = lab_oracle_owned(oracle, zone), frames = UINT64_C(1) << request->order, floor;

	floor = lab_marks_floor(&oracle->marks[zone], request->gfp, true);
	/* Asked after the floor was read, which may be that of a change which came after the call. */
	if (!lab_marks_stable(&oracle->marks[zone], call->marks_at_start[zone]))
		return false;
	if (lab_oracle_there(oracle, zone) < owned + frames || lab_oracle_there(oracle, zone) - owned - frames < floor)
		return false;
	return lab_oracle_has_shape(oracle, zone, request->order, ret_frame);
}

bool lab_oracle_could_serve(const struct lab_oracle *oracle, const struct lab_request *request,
			    const uint64_t min[LAB_ZONE_COUNT])
{
	enum lab_class class = lab_gfp_class(request->gfp);
	unsigned class_zone = request->gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL;

	if (request->order && !is_exact(oracle))
		return false;
	for (unsigned zone = 0; zone <= class_zone; zone++) {
		uint64_t need = lab_class_floor(class, min[zone]) + (UINT64_C(1) << request->order), frame;

		if (class != LAB_CLASS_MEMALLOC)
			need += oracle->machine->zones[zone].lowmem_reserve[class_zone];
		if (lab_oracle_there(oracle, zone) >= lab_oracle_owned(oracle, zone) + need &&
		    (!request->order || lab_oracle_has_shape(oracle, zone, request->order, &frame)))
			return true;
	}
	return false;
}

/*
 * R10. Only a call that ran alone is judged: an unfinished call, be it running elsewhere or interrupted by this one,
 * may rightly hold frames that no owner has. The counts and the shadow stand still during such a call, so what is free
 * after it was free throughout.
 */
void lab_oracle_judge_failure(struct lab_oracle *oracle, const struct lab_call *call, enum lab_status status)
{
	const struct lab_request *request = &call->request;
	uint64_t frame = 0;

	if (lab_gfp_contradicts(request->gfp) || request->order > oracle->machine->order_max ||
	    status == LAB_UNSUPPORTED)
		return;
	if (request->gfp & LAB_GFP_NOFAIL && oracle->target->caps & LAB_CAP_BLOCKING) {
		lab_oracle_report(oracle, LAB_R10_SPURIOUS_FAILURE, call->actor, UINT64_MAX, request->order,
				  "a nofail request of order %u answered %s owners=%s", request->order,
				  lab_status_name(status), lab_oracle_owner_name(oracle, request->owner));
		return;
	}
	if (!is_exact(oracle))
		return;
	if (!lab_oracle_call_alone(oracle, call)) {
		lab_fetch_add_relaxed(&oracle->unjudged, 1);
		return;
	}
	if (!(!(request->gfp & LAB_GFP_DMA) && zone_sufficed(oracle, call, LAB_ZONE_NORMAL, &frame)) &&
	    !zone_sufficed(oracle, call, LAB_ZONE_DMA, &frame))
		return;
	/* Asked again: a call that began after the first answer, in an interrupt just here, may have freed the frame.
	 */
	if (!lab_oracle_call_alone(oracle, call)) {
		lab_fetch_add_relaxed(&oracle->unjudged, 1);
		return;
	}
	lab_oracle_report(oracle, LAB_R10_SPURIOUS_FAILURE, call->actor, frame, request->order,
			  "block=frame %" PRIu64 " order %u is free, the request answered %s owners=%s", frame,
			  request->order, lab_status_name(status), lab_oracle_owner_name(oracle, request->owner));
}
