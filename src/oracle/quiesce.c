/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <xxhash.h>

#include "base/bits.h"
#include "oracle/state.h"

/* R14: the target's own count, which nothing else in the oracle believes. */
static bool judge_count(struct lab_oracle *oracle, void *self)
{
	uint64_t free_frames = 0, believed;

	if (!oracle->arena || !oracle->target->free_frames)
		return true;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		free_frames += lab_oracle_there(oracle, zone) - lab_oracle_owned(oracle, zone);
	believed = oracle->target->free_frames(self);
	if (believed == free_frames)
		return true;
	lab_oracle_report(oracle, LAB_R14_ACCOUNTING, LAB_FINDING_NO_ACTOR, UINT64_MAX, 0,
			  "free_frames=%" PRIu64 " but %" PRIu64 " are free owners=nobody", believed, free_frames);
	return false;
}

static bool is_owned(const struct lab_oracle *oracle, uint64_t frame)
{
	lab_owner owner = lab_load_relaxed(&oracle->shadow.cells[frame].owner);

	return owner != LAB_OWNER_NONE && lab_owner_context(owner) != LAB_OWNER_CONTEXT_MAX;
}

/* R04: the sweep found each free frame of the census once; here, that it found no others and left none out. */
static bool judge_conservation(struct lab_oracle *oracle)
{
	uint64_t missing = 0, strange = 0, first_missing = 0, first_strange = 0;

	for (uint64_t frame = oracle->machine->frame_count; frame-- > 0;) {
		bool seen = oracle->swept[frame];

		if (!seen && oracle->census[frame] && !is_owned(oracle, frame)) {
			missing++;
			first_missing = frame;
		} else if (seen && !oracle->census[frame]) {
			strange++;
			first_strange = frame;
		}
	}
	if (missing)
		lab_oracle_report(
			oracle, LAB_R04_CONSERVATION, LAB_FINDING_NO_ACTOR, first_missing, 0,
			"block=frame %" PRIu64 " order 0 is lost, with it %" PRIu64
			" frames in all, after its release by %s owners=nobody",
			first_missing, missing,
			lab_oracle_owner_name(oracle, lab_load_relaxed(&oracle->shadow.cells[first_missing].last)));
	else if (strange)
		lab_oracle_report(oracle, LAB_R04_CONSERVATION, LAB_FINDING_NO_ACTOR, first_strange, 0,
				  "block=frame %" PRIu64 " order 0 is not of the census, %" PRIu64
				  " frames in all owners=the oracle",
				  first_strange, strange);
	return !missing && !strange;
}

/*
 * A wrong count is told first, since frames that are there and not counted cannot be had either. The target's own check
 * is asked before the sweep, which would change what it sees, and told last: which frame is lost, or which block is not
 * there, says more.
 */
void lab_oracle_quiesce(struct lab_oracle *oracle, void *self)
{
	enum lab_status status = oracle->target->check ? oracle->target->check(self) : LAB_OK;
	bool sound = judge_count(oracle, self);

	sound = sound && lab_oracle_bring_back(oracle, self) && judge_count(oracle, self);
	if (!sound)
		return; /* the sweep of an instance that is known to be broken tells nothing new */
	if (oracle->arena) {
		sound = lab_oracle_sweep(oracle, self) == LAB_TAKE_REFUSED && judge_conservation(oracle);
		lab_oracle_give_back(oracle, self);
	}
	if (sound && oracle->arena && lab_oracle_applies(oracle, LAB_R06_COALESCING))
		sound = lab_oracle_judge_coalescing(oracle, self);
	if (sound && status != LAB_OK)
		lab_oracle_report(oracle, LAB_R14_ACCOUNTING, LAB_FINDING_NO_ACTOR, UINT64_MAX, 0,
				  "the target's own check answered %s owners=nobody", lab_status_name(status));
}

void lab_oracle_use_cpu(struct lab_oracle *oracle, unsigned cpu)
{
	oracle->own_cpu = cpu;
}

uint64_t lab_oracle_hash(const struct lab_oracle *oracle)
{
	uint64_t hash = XXH3_64bits((const void *)oracle->spans, oracle->machine->span_count * sizeof(*oracle->spans));

	/* relaxed: nobody else is there. Most cells hold nothing, and are not hashed. */
	for (uint64_t frame = 0; oracle->arena && frame < oracle->machine->frame_count; frame++) {
		const struct lab_cell *cell = &oracle->shadow.cells[frame];

		if (lab_load_relaxed(&cell->owner) | lab_load_relaxed(&cell->pattern) | lab_load_relaxed(&cell->facts))
			/* Not who had it last: what may follow does not depend on it. */
			hash = XXH3_64bits_withSeed((const void *)cell, offsetof(struct lab_cell, last),
						    hash + frame + 1);
	}
	return hash;
}
