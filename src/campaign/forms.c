/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "campaign/document.h"
#include "campaign/findings.h"
#include "campaign/jobs.h"

/* Output of the program about the finding's file, into a file beside it. */
static void write_output(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
			 const char *const *words, const char *name)
{
	char out[LAB_PATH_ROOM], torn[LAB_PATH_ROOM + 8];
	int wait_status;

	lab_campaign_finding_path(campaign, finding, name, out);
	snprintf(torn, sizeof(torn), "%s.tmp", out);
	if (lab_jobs_run(words, lab_verdict_environment(campaign), torn, LAB_REPLAY_LIMIT_S, 0, campaign->idle,
			 campaign->idle_arg, &wait_status) != LAB_OK ||
	    rename(torn, out) != 0)
		unlink(torn);
}

/* The text form, and the steps as text and as a page. */
static void write_forms(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding)
{
	char file[LAB_PATH_ROOM], page[LAB_PATH_ROOM];
	bool own = strcmp(finding->file, "artifact.lab") == 0;
	const char *last = finding->way[0] ? finding->way : NULL;
	const char *const show[] = {campaign->program, "show", file, NULL};
	const char *const own_lanes[] = {campaign->program, "replay", "--lanes", "--html", page, file, NULL};
	const char *const own_records[] = {campaign->program, "replay", "--lanes", "--format", "jsonl", file, NULL};
	const char *const lanes[] = {campaign->program, "replay",         "--lanes", "--html", page,
				     "--target",        campaign->target, file,      last,     NULL};
	const char *const records[] = {campaign->program, "replay",         "--lanes", "--format", "jsonl",
				       "--target",        campaign->target, file,      last,       NULL};

	if (campaign->fuzzer && !lab_campaign_has_scenarios(campaign))
		return;
	lab_campaign_finding_path(campaign, finding, finding->file, file);
	lab_campaign_finding_path(campaign, finding, "lanes.html", page);
	write_output(campaign, finding, show, "scenario.scn");
	if (strcmp(finding->way, "binary") == 0)
		return;
	write_output(campaign, finding, own ? own_lanes : lanes, "lanes.txt");
	write_output(campaign, finding, own ? own_records : records, "steps.jsonl");
}

/* The last step of a source that matters: where a forge shows it. */
static void find_place(const struct lab_campaign *campaign, struct lab_campaign_finding *finding)
{
	char path[LAB_PATH_ROOM], line[8192];
	FILE *steps;

	lab_campaign_finding_path(campaign, finding, "steps.jsonl", path);
	steps = fopen(path, "r");
	while (steps && fgets(line, sizeof(line), steps)) {
		struct json_object *step = json_tokener_parse(line);
		const char *file = lab_document_get_text(step, "file");

		if (file[0] && lab_document_get_bool(step, "matters"))
			snprintf(finding->place, sizeof(finding->place), "%.200s:%u", file,
				 (unsigned)lab_document_get_u64(step, "line"));
		json_object_put(step);
	}
	if (steps)
		fclose(steps);
}

void lab_finding_forms(const struct lab_campaign *campaign, struct lab_campaign_finding *finding)
{
	write_forms(campaign, finding);
	find_place(campaign, finding);
}
