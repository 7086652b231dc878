/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "campaign/findings.h"

enum lab_status lab_finding_run(const struct lab_campaign *campaign, const char *path, const char *way,
				struct lab_verdict *ret_verdict)
{
	size_t length = strlen(path);
	bool artifact = length > 4 && strcmp(path + length - 4, ".lab") == 0; /* names its target itself */
	const char *const with[] = {campaign->program, "replay", "--no-lanes",        "--target",
				    campaign->target,  path,     way[0] ? way : NULL, NULL};
	const char *const alone[] = {campaign->program, "replay", "--no-lanes", path, NULL};
	char log[LAB_PATH_ROOM];

	lab_campaign_path(campaign, log, "log/replay.log");
	return lab_verdict_of(campaign, artifact ? alone : with, log, ret_verdict);
}

enum lab_status lab_finding_replay(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
				   const char *path, struct lab_verdict *ret_verdict)
{
	return strcmp(finding->way, "binary") == 0 ? lab_verdict_of_input(campaign, path, ret_verdict)
						   : lab_finding_run(campaign, path, finding->way, ret_verdict);
}
