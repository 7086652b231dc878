/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_HISTORY_H
#define LAB_CAMPAIGN_HISTORY_H

#include "campaign/document.h"

/* history.jsonl: how a campaign went, a line each few seconds. */

/* Appends a record and drops it. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_history_add(const struct lab_campaign *campaign, struct json_object *record);

/* Calls visit for each record, the oldest first; one that is torn is left out. The record is dropped afterwards. */
void lab_history_each(const struct lab_campaign *campaign, void (*visit)(void *arg, struct json_object *record),
		      void *arg);

#endif
