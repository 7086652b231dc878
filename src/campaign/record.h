/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_RECORD_H
#define LAB_CAMPAIGN_RECORD_H

#include "campaign/document.h"

/*
 * campaign.json: what was asked for, and of which program; {"command", "version", "target", ..., "options": {...}}.
 * LAB_SYSTEM: errno.
 */
LAB_MUST_USE enum lab_status lab_record_fuzz(const struct lab_campaign *campaign, const char *version);
/* options and machine (NULL: none) are objects, which are dropped. */
LAB_MUST_USE enum lab_status lab_record(const struct lab_campaign *campaign, const char *version,
					struct json_object *options, struct json_object *machine);

#endif
