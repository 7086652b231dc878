/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/findings.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "campaign/document.h"
#include "report/file.h"
#include "report/finding.h"

void lab_campaign_finding_path(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
			       const char *file, char *path)
{
	lab_campaign_path(campaign, path, "findings/%s/%s", finding->name, file);
}

void lab_campaign_finding_note(const struct lab_campaign_finding *finding, char *buffer, size_t room)
{
	size_t used = finding->size[0] ? (size_t)snprintf(buffer, room, "%s; ", finding->size)
				       : (size_t)snprintf(buffer, room, "%" PRIu64 " bytes, ", finding->input_bytes);

	snprintf(buffer + used, used < room ? room - used : 0, "from %" PRIu64 " input%s%s%s", finding->inputs,
		 finding->inputs == 1 ? "" : "s", finding->known[0] ? "; known: corpus/regress/" : "", finding->known);
}

void lab_campaign_finding_command(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
				  const char *dir, char command[LAB_CAMPAIGN_COMMAND])
{
	char path[LAB_PATH_ROOM + 64];

	if (dir[0])
		snprintf(path, sizeof(path), "%s/findings/%s/%s", dir, finding->name, finding->file);
	else
		snprintf(path, sizeof(path), "%s", finding->file);
	if (finding->again[0])
		snprintf(command, LAB_CAMPAIGN_COMMAND, "%s", finding->again);
	else if (strcmp(finding->way, "binary") == 0)
		snprintf(command, LAB_CAMPAIGN_COMMAND, "%sLABYRINTH_TARGET=%s %s %s",
			 campaign->libfuzzer_binary ? "" : "AFL_IGNORE_PROBLEMS=1 ", campaign->target,
			 lab_campaign_binary(campaign), path);
	else if (strcmp(finding->file, "artifact.lab") == 0)
		snprintf(command, LAB_CAMPAIGN_COMMAND, "labyrinth replay %s", path);
	else
		snprintf(command, LAB_CAMPAIGN_COMMAND, "labyrinth replay %s%s--target %s %s", finding->way,
			 finding->way[0] ? " " : "", campaign->target, path);
}

static enum lab_status write_document(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding)
{
	struct json_object *document = lab_document_new("finding"), *list = json_object_new_array();
	const struct lab_rule_info *rule = lab_rule_info(finding->finding.rule);
	char path[LAB_PATH_ROOM];

	lab_document_text(document, "rule", rule->id);
	lab_document_text(document, "name", rule->slug);
	lab_document_text(document, "detail", finding->finding.detail);
	lab_document_text(document, "stack", finding->stack);
	lab_document_text(document, "place", finding->place);
	lab_document_text(document, "file", finding->file);
	lab_document_text(document, "way", finding->way);
	lab_document_text(document, "size", finding->size);
	lab_document_text(document, "again", finding->again);
	lab_document_text(document, "known", finding->known);
	lab_document_bool(document, "settled", finding->settled);
	lab_document_bool(document, "replays", finding->replays);
	lab_document_u64(document, "inputs", finding->inputs);
	lab_document_u64(document, "bytes", finding->input_bytes);
	lab_document_u64(document, "found_s", finding->found_s);
	lab_document_u64(document, "settled_signature", finding->settled_signature);
	for (unsigned i = 0; i < finding->signature_count; i++)
		json_object_array_add(list, json_object_new_uint64(finding->signatures[i]));
	json_object_object_add(document, "signatures", list);
	lab_campaign_finding_path(campaign, finding, "finding.json", path);
	return lab_document_write(path, document);
}

/* How to repeat it, beside the input. */
static enum lab_status write_readme(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding)
{
	char note[512], path[LAB_PATH_ROOM], command[LAB_CAMPAIGN_COMMAND];
	struct lab_finding_trail trail = {.label = "artifact", .path = path, .note = note, .command = command};
	enum lab_status status;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int failed;

	lab_assert(out);
	lab_campaign_finding_path(campaign, finding, finding->file, path);
	lab_campaign_finding_note(finding, note, sizeof(note));
	lab_campaign_finding_command(campaign, finding, campaign->dir, command);
	lab_finding_print(out, &finding->finding, &trail);
	lab_campaign_finding_command(campaign, finding, "", command);
	fprintf(out, "\nin this folder: %s\n", command);
	fprintf(out, "the rule:       %s\n", lab_rule_info(finding->finding.rule)->summary);
	if (finding->stack[0])
		fprintf(out, "where:          %s\n", finding->stack);
	if (!finding->replays)
		fprintf(out, "No replay shows it yet.\n");
	failed = fclose(out);
	lab_assert(!failed);
	lab_campaign_finding_path(campaign, finding, "README", path);
	status = lab_file_write(path, text, bytes);
	free(text);
	return status;
}

enum lab_status lab_campaign_finding_save(const struct lab_campaign *campaign,
					  const struct lab_campaign_finding *finding)
{
	enum lab_status status = write_readme(campaign, finding);

	/* Last: a folder with this file is whole. */
	return status == LAB_OK ? write_document(campaign, finding) : status;
}

static struct lab_campaign_finding *append(struct lab_campaign_findings *findings)
{
	struct lab_campaign_finding *grown = realloc(findings->list, (findings->count + 1) * sizeof(findings->list[0]));

	lab_assert(grown);
	findings->list = grown;
	grown[findings->count] = (struct lab_campaign_finding){.finding = {.frame = UINT64_MAX}};
	return &grown[findings->count++];
}

#define COPY(array, text) snprintf(array, sizeof(array), "%s", text)

/* NULL, or what is wrong with it. */
static const char *load(const struct lab_campaign *campaign, const char *name, struct lab_campaign_findings *findings)
{
	struct lab_campaign_finding *finding;
	struct json_object *document, *list;
	const char *why = NULL;
	char path[LAB_PATH_ROOM];
	enum lab_rule rule;

	lab_campaign_path(campaign, path, "findings/%s/finding.json", name);
	document = lab_document_read(path, "finding", &why);
	if (!document)
		return why;
	rule = lab_rule_by_id(lab_document_get_text(document, "rule"));
	if (rule >= LAB_RULE_COUNT) {
		json_object_put(document);
		return "names no rule";
	}
	finding = append(findings);
	finding->finding.rule = rule;
	COPY(finding->finding.detail, lab_document_get_text(document, "detail"));
	COPY(finding->name, name);
	COPY(finding->stack, lab_document_get_text(document, "stack"));
	COPY(finding->place, lab_document_get_text(document, "place"));
	COPY(finding->file, lab_document_get_text(document, "file"));
	COPY(finding->way, lab_document_get_text(document, "way"));
	COPY(finding->size, lab_document_get_text(document, "size"));
	COPY(finding->again, lab_document_get_text(document, "again"));
	COPY(finding->known, lab_document_get_text(document, "known"));
	finding->settled = lab_document_get_bool(document, "settled");
	finding->replays = lab_document_get_bool(document, "replays");
	finding->inputs = lab_document_get_u64(document, "inputs");
	finding->input_bytes = lab_document_get_u64(document, "bytes");
	finding->found_s = lab_document_get_u64(document, "found_s");
	finding->settled_signature = lab_document_get_u64(document, "settled_signature");
	if (json_object_object_get_ex(document, "signatures", &list) && json_object_is_type(list, json_type_array))
		for (size_t i = 0; i < json_object_array_length(list) && i < LAB_CAMPAIGN_SIGNATURES; i++)
			finding->signatures[finding->signature_count++] =
				json_object_get_uint64(json_object_array_get_idx(list, i));
	json_object_put(document);
	return NULL;
}

static int compare(const void *left, const void *right)
{
	const struct lab_campaign_finding *a = left, *b = right;

	if (a->found_s != b->found_s)
		return a->found_s < b->found_s ? -1 : 1;
	return strcmp(a->name, b->name);
}

void lab_campaign_findings_load(const struct lab_campaign *campaign, struct lab_campaign_findings *ret_findings,
				void (*damaged)(void *arg, const char *name, const char *why), void *arg)
{
	struct lab_campaign_findings findings = {0};
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *folders;

	lab_campaign_path(campaign, path, "findings");
	folders = opendir(path);
	while (folders && (entry = readdir(folders))) {
		const char *why;

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof(findings.list->name))
			continue;
		if (strncmp(entry->d_name, "unreplayed-", strlen("unreplayed-")) == 0) {
			findings.unreplayed++;
			continue;
		}
		why = load(campaign, entry->d_name, &findings);
		if (why && damaged)
			damaged(arg, entry->d_name, why);
	}
	if (folders)
		closedir(folders);
	if (findings.count)
		qsort(findings.list, findings.count, sizeof(findings.list[0]), compare);
	*ret_findings = findings;
}

void lab_campaign_findings_free(struct lab_campaign_findings *findings)
{
	free(findings->list);
	*findings = (struct lab_campaign_findings){0};
}

struct lab_campaign_finding *lab_campaign_findings_find(struct lab_campaign_findings *findings, enum lab_rule rule,
							uint64_t signature)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct lab_campaign_finding *finding = &findings->list[i];

		if (finding->finding.rule != rule)
			continue;
		if (finding->settled && finding->settled_signature == signature)
			return finding;
		for (unsigned j = 0; j < finding->signature_count; j++)
			if (finding->signatures[j] == signature)
				return finding;
	}
	return NULL;
}

enum lab_status lab_campaign_findings_add(const struct lab_campaign *campaign, struct lab_campaign_findings *findings,
					  const struct lab_verdict *verdict, uint64_t signature,
					  struct lab_campaign_finding **ret_finding)
{
	struct lab_campaign_finding *finding = append(findings);
	char name[LAB_FINDING_NAME], path[LAB_PATH_ROOM];

	finding->finding = verdict->finding;
	COPY(finding->stack, verdict->stack);
	lab_finding_name(verdict->finding.rule, &signature, sizeof(signature), name);
	COPY(finding->name, name);
	COPY(finding->file, "input");
	COPY(finding->way, "binary");
	finding->signatures[0] = signature;
	finding->signature_count = 1;
	lab_campaign_path(campaign, path, "findings/%s", name);
	if (mkdir(path, 0777) != 0 && errno != EEXIST) {
		findings->count--;
		return LAB_SYSTEM;
	}
	*ret_finding = finding;
	return LAB_OK;
}
