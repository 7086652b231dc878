/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/sarif.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/document.h"

static struct json_object *text_of(const char *text)
{
	struct json_object *message = json_object_new_object();

	lab_document_text(message, "text", text);
	return message;
}

static struct json_object *rules(void)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < LAB_RULE_COUNT; i++) {
		const struct lab_rule_info *info = lab_rule_info((enum lab_rule)i);
		struct json_object *rule = json_object_new_object();

		lab_document_text(rule, "id", info->id);
		lab_document_text(rule, "name", info->slug);
		json_object_object_add(rule, "shortDescription", text_of(info->summary));
		json_object_array_add(list, rule);
	}
	return list;
}

/* A path relative to where the program runs, as forges want it: "../src/a.c" of a build folder inside is "src/a.c". */
static const char *relative(const char *file)
{
	while (strncmp(file, "../", 3) == 0)
		file += 3;
	return file;
}

static struct json_object *location(const struct lab_campaign_finding *finding, const char *artifact)
{
	struct json_object *physical = json_object_new_object(), *uri = json_object_new_object(),
			   *region = json_object_new_object(), *place = json_object_new_object();
	const char *colon = strrchr(finding->place, ':');
	unsigned long line = colon ? strtoul(colon + 1, NULL, 10) : 0;
	char file[sizeof(finding->place)];

	snprintf(file, sizeof(file), "%.*s", colon ? (int)(colon - finding->place) : 0, finding->place);
	lab_document_text(uri, "uri", line ? relative(file) : artifact);
	lab_document_u64(region, "startLine", line ? line : 1);
	json_object_object_add(physical, "artifactLocation", uri);
	json_object_object_add(physical, "region", region);
	json_object_object_add(place, "physicalLocation", physical);
	return place;
}

static struct json_object *result(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding)
{
	struct json_object *result = json_object_new_object(), *locations = json_object_new_array(),
			   *fingerprints = json_object_new_object();
	char text[sizeof(finding->finding.detail) + LAB_CAMPAIGN_COMMAND + 128], command[LAB_CAMPAIGN_COMMAND],
		path[LAB_PATH_ROOM], signature[32];
	const struct lab_rule_info *rule = lab_rule_info(finding->finding.rule);

	lab_campaign_finding_command(campaign, finding, campaign->dir, command);
	lab_campaign_finding_path(campaign, finding, finding->file, path);
	snprintf(text, sizeof(text), "%s %s: %s\nReproduce: %s", rule->id, rule->slug, finding->finding.detail,
		 command);
	snprintf(signature, sizeof(signature), "%016" PRIx64, finding->settled_signature);
	lab_document_text(result, "ruleId", rule->id);
	lab_document_u64(result, "ruleIndex", finding->finding.rule);
	lab_document_text(result, "level", "error");
	lab_document_text(result, "baselineState", finding->known[0] ? "unchanged" : "new");
	json_object_object_add(result, "message", text_of(text));
	json_object_array_add(locations, location(finding, path));
	json_object_object_add(result, "locations", locations);
	lab_document_text(fingerprints, "labyrinthSignature/v1", signature);
	json_object_object_add(result, "partialFingerprints", fingerprints);
	return result;
}

enum lab_status lab_sarif_write(const struct lab_campaign *campaign, const struct lab_campaign_findings *findings,
				const char *version, const char *path)
{
	struct json_object *document = json_object_new_object(), *runs = json_object_new_array(),
			   *run = json_object_new_object(), *tool = json_object_new_object(),
			   *driver = json_object_new_object(), *results = json_object_new_array();

	lab_document_text(driver, "name", "labyrinth");
	lab_document_text(driver, "version", version);
	json_object_object_add(driver, "rules", rules());
	json_object_object_add(tool, "driver", driver);
	for (size_t i = 0; i < findings->count; i++)
		json_object_array_add(results, result(campaign, &findings->list[i]));
	json_object_object_add(run, "tool", tool);
	json_object_object_add(run, "results", results);
	json_object_array_add(runs, run);
	lab_document_text(document, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	lab_document_text(document, "version", "2.1.0");
	json_object_object_add(document, "runs", runs);
	return lab_document_write(path, document);
}
