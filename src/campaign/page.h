/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_PAGE_H
#define LAB_CAMPAIGN_PAGE_H

#include "campaign/campaign.h"

/*
 * report.html: one file that needs no other and no network, made of what lies in the campaign's folder, whichever
 * command made that. LAB_SYSTEM: errno. Whole or not at all.
 */
LAB_MUST_USE enum lab_status lab_page_write(const struct lab_campaign *campaign);

#endif
