/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "oracle/state.h"

static void count_census(struct lab_oracle *oracle)
{
	memset(oracle->total, 0, sizeof(oracle->total));
	for (uint64_t frame = 0; frame < oracle->machine->frame_count; frame++)
		if (oracle->census[frame])
			oracle->total[lab_oracle_zone(oracle, frame)]++;
}

void lab_oracle_assume_census(struct lab_oracle *oracle)
{
	memset(oracle->census, 0, oracle->machine->frame_count);
	for (size_t i = 0; i < oracle->machine->span_count; i++)
		memset(oracle->census + oracle->machine->spans[i].first_frame, 1,
		       oracle->machine->spans[i].frame_count);
	count_census(oracle);
}

void lab_oracle_census(struct lab_oracle *oracle)
{
	uint64_t believed = 0, found = 0;
	void *self;

	/* An instance that cannot be made is an operating error; whoever runs the target will meet and tell it. */
	if (!oracle->arena || oracle->target->create(oracle->machine, &self) != LAB_OK)
		return;
	if (oracle->target->free_frames)
		believed = oracle->target->free_frames(self);
	(void)lab_oracle_sweep(oracle, self);
	for (uint64_t frame = 0; frame < oracle->machine->frame_count; frame++)
		oracle->census[frame] = oracle->swept[frame] != 0;
	count_census(oracle);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		found += oracle->total[zone];
	if (oracle->target->free_frames && believed != found)
		lab_oracle_report(oracle, LAB_R14_ACCOUNTING, LAB_FINDING_NO_ACTOR, UINT64_MAX, 0,
				  "free_frames=%" PRIu64 " of a fresh instance but %" PRIu64
				  " can be had owners=nobody",
				  believed, found);
	lab_oracle_give_back(oracle, self);
	oracle->target->destroy(self);
}
