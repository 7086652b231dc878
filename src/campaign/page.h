/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_PAGE_H
#define LAB_CAMPAIGN_PAGE_H

#include <stdio.h>

#include "campaign/findings.h"

/*
 * report.html: one file that needs no other and no network, made of what lies in the campaign's folder, whichever
 * command made that. LAB_SYSTEM: errno. Whole or not at all.
 */
LAB_MUST_USE enum lab_status lab_page_write(const struct lab_campaign *campaign);

/* page_style.c */
extern const char lab_page_style[], lab_page_script[];
/* page_charts.c: what history.jsonl and latency.json tell. */
void lab_page_charts(FILE *out, const struct lab_campaign *campaign);
/* page_finding.c: one finding with its steps. first: it is unfolded. */
void lab_page_finding(FILE *out, const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
		      bool first);

#endif
