/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_FINDINGS_H
#define LAB_CAMPAIGN_FINDINGS_H

#include <stdbool.h>

#include "campaign/campaign.h"
#include "oracle/finding.h"

#define LAB_CAMPAIGN_COMMAND (2 * LAB_PATH_ROOM + 256)

/* One defect: the inputs that break the same rule (and, for a crash, at the same place) are one. */
struct lab_campaign_finding {
	struct lab_finding finding;
	char path[LAB_PATH_ROOM];           /* of the least input that shows it: findings/RULE-HASH/input */
	char command[LAB_CAMPAIGN_COMMAND]; /* that showed it again */
	uint64_t input_bytes;
	unsigned inputs; /* how many show it */
};

struct lab_campaign_findings {
	struct lab_campaign_finding *list;
	size_t count;
	unsigned unreplayed; /* crash inputs that did not crash again; kept in findings/unreplayed-N */
	unsigned slow;       /* inputs that were too slow or too great once and were not again */
	unsigned left_out;   /* beyond the number that is replayed */
};

/*
 * Replays what the engines left in a child process each, sorts it by rule, and writes findings/. `program` is the
 * labyrinth program, tried first as what reproduces a finding. LAB_OK: *ret_findings is the caller's to free. May
 * sleep.
 */
LAB_MUST_USE enum lab_status lab_campaign_collect(const struct lab_campaign *campaign, const char *program,
						  struct lab_campaign_findings *ret_findings);
void lab_campaign_findings_free(struct lab_campaign_findings *findings);

/* What the closing line says in brackets: "40 bytes, from 3 inputs". */
void lab_campaign_finding_note(const struct lab_campaign_finding *finding, char *buffer, size_t room);

#endif
