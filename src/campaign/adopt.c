/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "campaign/folder.h"
#include "campaign/run.h"
#include "report/artifact.h"
#include "report/file.h"

#define PART_BYTES_MAX ((size_t)64 << 20)

/* Of a file of raw/ by its ending; malloc'ed text; NULL: there is none. */
static char *read_part(const struct lab_run *run, const char *stem, const char *end, size_t *ret_bytes)
{
	char path[LAB_PATH_ROOM], *text;
	uint8_t *bytes;

	lab_campaign_path(&run->campaign, path, "raw/%s%s", stem, end);
	if (lab_file_read(path, PART_BYTES_MAX, &bytes, ret_bytes) != LAB_OK)
		return NULL;
	text = malloc(*ret_bytes + 1);
	if (text) {
		memcpy(text, bytes, *ret_bytes);
		text[*ret_bytes] = '\0';
	}
	free(bytes);
	return text;
}

static bool keep_part(const struct lab_run *run, const char *stem, const char *end,
		      const struct lab_campaign_finding *finding, const char *name)
{
	char from[LAB_PATH_ROOM], to[LAB_PATH_ROOM];
	size_t bytes;
	char *text = read_part(run, stem, end, &bytes);
	bool done;

	lab_campaign_path(&run->campaign, from, "raw/%s%s", stem, end);
	if (!text)
		return access(from, F_OK) != 0;
	lab_campaign_finding_path(&run->campaign, finding, name, to);
	done = lab_file_write(to, text, bytes) == LAB_OK;
	free(text);
	return done;
}

/* "7 ops, 1 interrupts, 3 switches" */
static void tell_size(const char *text, size_t bytes, struct lab_campaign_finding *finding)
{
	struct lab_artifact_error error;
	struct lab_artifact artifact;
	size_t interrupts = 0;

	lab_artifact_init(&artifact);
	if (lab_artifact_read((const uint8_t *)text, bytes, &artifact, &error) == LAB_OK) {
		for (size_t i = 0; i < artifact.choices.count; i++)
			interrupts += artifact.choices.list[i].fires;
		snprintf(finding->size, sizeof(finding->size), "%zu ops, %zu interrupts, %zu switches",
			 artifact.scenario.op_count, interrupts, artifact.choices.count - interrupts);
	}
	lab_artifact_free(&artifact);
}

/* The rule as the artifact shows it; where it does not show, as the log says, or as the artifact expects. */
static bool judge(const struct lab_run *run, const char *stem, const char *log, const char *artifact, size_t bytes,
		  struct lab_verdict *verdict)
{
	struct lab_artifact_error error;
	struct lab_artifact read;
	char path[LAB_PATH_ROOM];

	lab_campaign_path(&run->campaign, path, "raw/%s.lab", stem);
	if (artifact && lab_finding_run(&run->campaign, path, "", verdict) == LAB_OK && verdict->found &&
	    verdict->named)
		return true;
	*verdict = (struct lab_verdict){.finding.frame = UINT64_MAX};
	if (log && lab_verdict_parse(log, &verdict->finding))
		return true;
	lab_artifact_init(&read);
	verdict->finding.rule = LAB_RULE_COUNT;
	if (artifact && lab_artifact_read((const uint8_t *)artifact, bytes, &read, &error) == LAB_OK)
		verdict->finding.rule = read.rule;
	lab_artifact_free(&read);
	snprintf(verdict->finding.detail, sizeof(verdict->finding.detail), "a replay does not show it");
	return verdict->finding.rule < LAB_RULE_COUNT;
}

static bool keep_new(struct lab_run *run, const char *stem, const struct lab_verdict *verdict, uint64_t signature,
		     const char *artifact, size_t bytes, const char *log)
{
	struct lab_campaign_finding *finding;
	const char *known, *again = log ? strstr(log, "\nreproduce: ") : NULL;
	bool done;

	if (lab_campaign_findings_add(&run->campaign, &run->sorter.findings, verdict, signature, &finding) != LAB_OK)
		return false;
	finding->inputs = 1;
	finding->settled = true;
	finding->settled_signature = signature;
	finding->found_s = (uint64_t)lab_run_time_s(run);
	finding->replays = verdict->found;
	finding->way[0] = '\0';
	snprintf(finding->file, sizeof(finding->file), artifact ? "artifact.lab" : "log.txt");
	if (artifact)
		tell_size(artifact, bytes, finding);
	else if (again)
		snprintf(finding->again, sizeof(finding->again), "%.*s", (int)strcspn(again + 12, "\n"), again + 12);
	done = keep_part(run, stem, ".lab", finding, "artifact.lab") &&
	       keep_part(run, stem, ".log", finding, "log.txt") && keep_part(run, stem, ".scn", finding, "events.scn");
	if (done && finding->replays)
		lab_finding_forms(&run->campaign, finding);
	known = artifact ? lab_known_find(&run->sorter, finding) : NULL;
	snprintf(finding->known, sizeof(finding->known), "%s", known ? known : "");
	done = done && lab_campaign_finding_save(&run->campaign, finding) == LAB_OK;
	if (!done)
		run->sorter.findings.count--;
	return done;
}

static bool keep(struct lab_run *run, const char *stem, const char *artifact, size_t bytes, const char *log)
{
	struct lab_campaign_finding *same;
	struct lab_verdict verdict;
	char path[LAB_PATH_ROOM];
	uint64_t signature;

	if (!judge(run, stem, log, artifact, bytes, &verdict))
		return true; /* nothing that anybody could be told */
	lab_campaign_path(&run->campaign, path, "raw/%s%s", stem, artifact ? ".lab" : ".scn");
	signature = lab_campaign_signature(&run->campaign, &verdict, path);
	same = lab_campaign_findings_find(&run->sorter.findings, verdict.finding.rule, signature);
	if (!same)
		return keep_new(run, stem, &verdict, signature, artifact, bytes, log);
	same->inputs++;
	return lab_campaign_finding_save(&run->campaign, same) == LAB_OK;
}

bool lab_run_adopt(struct lab_run *run, const char *stem)
{
	size_t bytes = 0, log_bytes = 0;
	char *artifact = read_part(run, stem, ".lab", &bytes), *log = read_part(run, stem, ".log", &log_bytes);
	uint64_t content = artifact ? XXH64(artifact, bytes, 0) : log ? XXH64(log, log_bytes, 0) : 0;
	bool done = lab_sorter_is_done(&run->sorter, content) ||
		    (keep(run, stem, artifact, bytes, log) && lab_sorter_done(&run->sorter, content, stem));

	free(artifact);
	free(log);
	return done;
}
