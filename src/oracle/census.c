/* SPDX-License-Identifier: Apache-2.0 */
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
	void *self;

	/* An instance that cannot be made is an operating error; whoever runs the target will meet and tell it. */
	if (!oracle->arena || oracle->target->create(oracle->machine, &self) != LAB_OK)
		return;
	(void)lab_oracle_sweep(oracle, self);
	for (uint64_t frame = 0; frame < oracle->machine->frame_count; frame++)
		oracle->census[frame] = oracle->swept[frame] != 0;
	count_census(oracle);
	lab_oracle_give_back(oracle, self);
	oracle->target->destroy(self);
}
