/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "campaign/folder.h"
#include "campaign/jobs.h"
#include "campaign/sort.h"
#include "report/file.h"

#define MINIMISE_S        60u
#define MINIMISE_GRACE_MS 10000u

/* "artifact: PATH (6 ops, 0 interrupts, 3 switches, from 903 ops)" of the minimiser's log. */
static void read_size(const char *log, struct lab_campaign_finding *finding)
{
	char line[LAB_PATH_ROOM + 256], *from, *to;
	FILE *file = fopen(log, "r");

	while (file && fgets(line, sizeof(line), file)) {
		from = strncmp(line, "artifact: ", 10) == 0 ? strrchr(line, '(') : NULL;
		to = from ? strrchr(from, ')') : NULL;
		if (to)
			snprintf(finding->size, sizeof(finding->size), "%.*s", (int)(to - from - 1), from + 1);
	}
	if (file)
		fclose(file);
}

/* The program shows it without the fuzz target: that is the shorter way to repeat it. */
static void choose_way(const struct lab_campaign *campaign, struct lab_campaign_finding *finding)
{
	static const char *const ways[] = {"", "--sequential", "--hooked"};
	char input[LAB_PATH_ROOM];
	struct lab_verdict verdict;

	snprintf(finding->way, sizeof(finding->way), "binary");
	if (!lab_campaign_has_scenarios(campaign))
		return;
	lab_campaign_finding_path(campaign, finding, "input", input);
	for (size_t i = 0; i < LAB_ARRAY_COUNT(ways); i++) {
		if (lab_finding_run(campaign, input, ways[i], &verdict) != LAB_OK || !verdict.found ||
		    verdict.finding.rule != finding->finding.rule)
			continue;
		snprintf(finding->way, sizeof(finding->way), "%s", ways[i]);
		return;
	}
}

/* By the scenario's own minimiser, which knows operations and schedules. */
static bool minimise(const struct lab_campaign *campaign, struct lab_campaign_finding *finding,
		     struct lab_verdict *verdict)
{
	char input[LAB_PATH_ROOM], artifact[LAB_PATH_ROOM], log[LAB_PATH_ROOM];
	const char *const argv[] = {campaign->program,
				    "minimize",
				    "--no-lanes",
				    "--target",
				    campaign->target,
				    "-o",
				    artifact,
				    input,
				    finding->way[0] ? finding->way : NULL,
				    NULL};
	int wait_status;

	lab_campaign_finding_path(campaign, finding, "input", input);
	lab_campaign_finding_path(campaign, finding, "artifact.lab", artifact);
	lab_campaign_path(campaign, log, "log/minimise-finding.log");
	if (lab_jobs_run(argv, lab_verdict_environment(campaign), log, MINIMISE_S, MINIMISE_GRACE_MS, campaign->idle,
			 campaign->idle_arg, &wait_status) != LAB_OK)
		return false;
	if (lab_finding_run(campaign, artifact, finding->way, verdict) != LAB_OK || !verdict->found ||
	    verdict->finding.rule != finding->finding.rule) {
		unlink(artifact);
		return false;
	}
	read_size(log, finding);
	snprintf(finding->file, sizeof(finding->file), "artifact.lab");
	return true;
}

struct cutting {
	const struct lab_campaign *campaign;
	const struct lab_campaign_finding *finding;
	struct lab_verdict last; /* of the last that showed it */
};

static bool shows(void *arg, const char *path)
{
	struct cutting *cutting = arg;
	struct lab_verdict verdict, wanted = {.finding.rule = cutting->finding->finding.rule};

	snprintf(wanted.stack, sizeof(wanted.stack), "%s", cutting->finding->stack);
	if (lab_finding_replay(cutting->campaign, cutting->finding, path, &verdict) != LAB_OK ||
	    !lab_verdict_is(&verdict, &wanted))
		return false;
	cutting->last = verdict;
	return true;
}

/* Byte by byte, for what is no scenario or what the minimiser cannot run. */
static bool cut(const struct lab_campaign *campaign, struct lab_campaign_finding *finding, struct lab_verdict *verdict)
{
	struct cutting cutting = {.campaign = campaign, .finding = finding};
	char input[LAB_PATH_ROOM], smaller[LAB_PATH_ROOM];

	lab_campaign_finding_path(campaign, finding, "input", input);
	lab_campaign_finding_path(campaign, finding, "smaller", smaller);
	unlink(smaller);
	if (lab_campaign_copy(input, smaller) != LAB_OK)
		return false;
	/* What hangs takes the whole limit each time; what does not show again cannot be cut. */
	if (!shows(&cutting, smaller) || finding->finding.rule == LAB_R09_PROGRESS ||
	    lab_cut(smaller, shows, &cutting) != LAB_OK || !shows(&cutting, smaller)) {
		unlink(smaller);
		return cutting.last.found && finding->finding.rule == LAB_R09_PROGRESS;
	}
	snprintf(finding->file, sizeof(finding->file), "smaller");
	*verdict = cutting.last;
	return true;
}

/* The folder of one that turned out to be another's goes: its input is where the engine put it. */
static void join(struct lab_sorter *sorter, size_t index, struct lab_campaign_finding *same)
{
	struct lab_campaign_finding *finding = &sorter->findings.list[index];
	char path[LAB_PATH_ROOM];

	for (unsigned i = 0; i < finding->signature_count && same->signature_count < LAB_CAMPAIGN_SIGNATURES; i++)
		same->signatures[same->signature_count++] = finding->signatures[i];
	same->inputs += finding->inputs;
	if (lab_campaign_finding_save(sorter->campaign, same) != LAB_OK)
		sorter->unwritten = true;
	lab_campaign_path(sorter->campaign, path, "findings/%s", finding->name);
	lab_campaign_remove(path);
	memmove(finding, finding + 1, (sorter->findings.count - index - 1) * sizeof(*finding));
	sorter->findings.count--;
}

static struct lab_campaign_finding *find_same(struct lab_sorter *sorter, size_t index)
{
	const struct lab_campaign_finding *finding = &sorter->findings.list[index];

	for (size_t i = 0; i < sorter->findings.count; i++) {
		struct lab_campaign_finding *other = &sorter->findings.list[i];

		if (i != index && other->settled && other->finding.rule == finding->finding.rule &&
		    other->settled_signature == finding->settled_signature)
			return other;
	}
	return NULL;
}

void lab_sorter_settle(struct lab_sorter *sorter, size_t index)
{
	const struct lab_campaign *campaign = sorter->campaign;
	struct lab_campaign_finding *finding = &sorter->findings.list[index], *same;
	struct lab_verdict verdict = {.found = true, .finding = finding->finding};
	char path[LAB_PATH_ROOM];
	const char *known;
	struct stat info;

	snprintf(verdict.stack, sizeof(verdict.stack), "%s", finding->stack);
	choose_way(campaign, finding);
	finding->replays = (strcmp(finding->way, "") == 0 || strcmp(finding->way, "--hooked") == 0) &&
			   minimise(campaign, finding, &verdict);
	if (!finding->replays)
		finding->replays = cut(campaign, finding, &verdict);
	if (finding->replays && verdict.finding.detail[0])
		memcpy(finding->finding.detail, verdict.finding.detail, sizeof(finding->finding.detail));
	if (!verdict.stack[0]) /* the program's replay of a crash has none */
		snprintf(verdict.stack, sizeof(verdict.stack), "%s", finding->stack);
	lab_campaign_finding_path(campaign, finding, finding->file, path);
	finding->settled_signature = lab_campaign_signature(campaign, &verdict, path);
	finding->settled = true;
	if (stat(path, &info) == 0)
		finding->input_bytes = (uint64_t)info.st_size;
	same = find_same(sorter, index);
	if (same) {
		join(sorter, index, same);
		return;
	}
	lab_finding_forms(campaign, finding);
	known = lab_known_find(sorter, finding);
	snprintf(finding->known, sizeof(finding->known), "%s", known ? known : "");
	if (lab_campaign_finding_save(campaign, finding) != LAB_OK) {
		if (!sorter->unwritten)
			sorter->error = errno;
		sorter->unwritten = true;
	}
}
