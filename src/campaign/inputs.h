/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_INPUTS_H
#define LAB_CAMPAIGN_INPUTS_H

#include <stdbool.h>

#include "campaign/campaign.h"

/* An input that an engine put aside. */
struct lab_crash_input {
	char *path;
	uint64_t bytes;
	bool slow; /* put aside for its time or memory, not for a crash */
};

struct lab_crash_inputs {
	struct lab_crash_input *list;
	size_t count;
};

/* All of raw/ and of afl/INSTANCE/{crashes,hangs}, the least first. */
void lab_crash_inputs_list(const struct lab_campaign *campaign, struct lab_crash_inputs *ret_inputs);
size_t lab_crash_inputs_count(const struct lab_campaign *campaign);
void lab_crash_inputs_free(struct lab_crash_inputs *inputs);

#endif
