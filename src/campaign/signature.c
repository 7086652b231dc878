/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/sort.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "campaign/folder.h"
#include "report/artifact.h"
#include "report/file.h"
#include "report/finding.h"
#include "scenario/decode.h"
#include "scenario/text.h"

#define CASE_BYTES_MAX ((size_t)64 << 20)

/* The scenario in a file of any form; it stays empty where there is none. */
static void load(const char *path, struct lab_artifact *artifact)
{
	struct lab_artifact_error artifact_error;
	struct lab_text_error text_error;
	size_t length = strlen(path), count;
	uint8_t *bytes;

	if (lab_file_read(path, CASE_BYTES_MAX, &bytes, &count) != LAB_OK)
		return;
	if (lab_artifact_is(bytes, count))
		(void)!lab_artifact_read(bytes, count, artifact, &artifact_error);
	else if (length > 4 && strcmp(path + length - 4, ".scn") == 0)
		(void)!lab_scenario_parse((const char *)bytes, count, &artifact->scenario, &text_error);
	else
		lab_scenario_decode(bytes, count, &artifact->scenario);
	free(bytes);
}

/*
 * Of a crash, the functions it was in; without them, the words of the report less its numbers. Of a broken rule, the
 * words of the finding less numbers and names.
 */
uint64_t lab_campaign_signature(const struct lab_campaign *campaign, const struct lab_verdict *verdict,
				const char *path)
{
	struct lab_finding finding = verdict->finding;
	struct lab_artifact artifact;
	uint64_t signature;

	if (finding.rule == LAB_R00_CRASH && verdict->stack[0])
		return XXH3_64bits(verdict->stack, strlen(verdict->stack));
	lab_artifact_init(&artifact);
	if (!campaign->fuzzer || lab_campaign_has_scenarios(campaign))
		load(path, &artifact);
	signature = lab_finding_signature(&finding, &artifact.scenario);
	lab_artifact_free(&artifact);
	return signature;
}
