/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_SARIF_H
#define LAB_CAMPAIGN_SARIF_H

#include "campaign/findings.h"

/* The findings as SARIF 2.1.0, which forges show at the line of the source where they are known to be. LAB_SYSTEM:
 * errno. */
LAB_MUST_USE enum lab_status lab_sarif_write(const struct lab_campaign *campaign,
					     const struct lab_campaign_findings *findings, const char *version,
					     const char *path);

#endif
