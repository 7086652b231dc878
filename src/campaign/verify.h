/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_VERIFY_H
#define LAB_CAMPAIGN_VERIFY_H

#include "campaign/findings.h"

/* Is a folder whole: every file readable, every finding replays. */
struct lab_verify {
	unsigned files, findings; /* looked at */
	unsigned damaged;         /* files that are missing, unreadable or not what they should be */
	unsigned unreplayed;      /* findings that did not replay, of those that once did */
	unsigned impossible;      /* findings that cannot be replayed here, for want of the target or the fuzz target */
	void (*tell)(void *arg, const char *path, const char *what); /* each that counts in one of these */
	void *arg;
};

/* Fills a campaign from its campaign.json, whose texts live as long as *ret_record (a JSON object, to be put). False:
 * there is none; *ret_why says what is wrong. campaign->dir and ->program are the caller's. */
struct json_object;
bool lab_verify_open(struct lab_campaign *campaign, struct json_object **ret_record, const char **ret_why);

void lab_verify_folder(const struct lab_campaign *campaign, struct lab_verify *verify);

#endif
