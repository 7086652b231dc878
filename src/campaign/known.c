/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/sort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "campaign/folder.h"

/* What each file of corpus/regress shows on this target: the bugs that somebody found before. */
struct shown {
	char name[96];
	enum lab_rule rule;
	uint64_t signature;
};

struct lab_known {
	struct shown *list;
	size_t count;
};

struct asking {
	struct lab_sorter *sorter;
	const char *way;
};

static bool ask(void *arg, const char *path, const char *name)
{
	struct asking *asking = arg;
	const struct lab_campaign *campaign = asking->sorter->campaign;
	struct lab_known *known = asking->sorter->known;
	const char *const argv[] = {campaign->program,
				    "replay",
				    "--no-lanes",
				    "--target",
				    campaign->target,
				    path,
				    asking->way[0] ? asking->way : NULL,
				    NULL};
	char log[LAB_PATH_ROOM];
	struct lab_verdict verdict;
	struct shown *grown;

	lab_campaign_path(campaign, log, "log/known.log");
	if (lab_verdict_of(campaign, argv, log, &verdict) != LAB_OK || !verdict.named)
		return true;
	grown = realloc(known->list, (known->count + 1) * sizeof(*grown));
	lab_assert(grown);
	known->list = grown;
	known->list[known->count] = (struct shown){.rule = verdict.finding.rule,
						   .signature = lab_campaign_signature(campaign, &verdict, path)};
	snprintf(known->list[known->count++].name, sizeof(grown->name), "%s", name);
	return true;
}

static int compare(const void *left, const void *right)
{
	return strcmp(((const struct shown *)left)->name, ((const struct shown *)right)->name);
}

const char *lab_known_find(struct lab_sorter *sorter, const struct lab_campaign_finding *finding)
{
	struct asking asking = {.sorter = sorter, .way = finding->way};

	if (!sorter->campaign->regress || strcmp(finding->way, "binary") == 0)
		return NULL;
	if (!sorter->known) {
		sorter->known = calloc(1, sizeof(*sorter->known));
		lab_assert(sorter->known);
		lab_campaign_each_file(sorter->campaign->regress, ask, &asking);
		if (sorter->known->count)
			qsort(sorter->known->list, sorter->known->count, sizeof(*sorter->known->list), compare);
	}
	for (size_t i = 0; i < sorter->known->count; i++)
		if (sorter->known->list[i].rule == finding->finding.rule &&
		    sorter->known->list[i].signature == finding->settled_signature)
			return sorter->known->list[i].name;
	return NULL;
}

void lab_known_free(struct lab_known *known)
{
	if (known)
		free(known->list);
	free(known);
}
