/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/document.h"
#include "campaign/folder.h"
#include "report/file.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)

bool lab_verify_open(struct lab_campaign *campaign, struct json_object **ret_record, const char **ret_why)
{
	struct json_object *record, *options = NULL;
	char path[LAB_PATH_ROOM];
	const char *engine;

	lab_campaign_path(campaign, path, "campaign.json");
	record = lab_document_read(path, "campaign", ret_why);
	if (!record)
		return false;
	json_object_object_get_ex(record, "options", &options);
	engine = lab_document_get_text(options, "engine");
	campaign->command = lab_document_get_text(record, "command");
	campaign->target = lab_document_get_text(record, "target");
	if (strcmp(campaign->command, "fuzz") == 0) {
		campaign->fuzzer = lab_document_get_text(options, "fuzzer");
		campaign->engines = strcmp(engine, "both") == 0  ? LAB_FUZZ_BOTH
				    : strcmp(engine, "afl") == 0 ? LAB_FUZZ_AFL
								 : LAB_FUZZ_LIBFUZZER;
		if (campaign->engines & LAB_FUZZ_LIBFUZZER)
			campaign->libfuzzer_binary = lab_document_get_text(options, "libfuzzer_binary");
		if (campaign->engines & LAB_FUZZ_AFL)
			campaign->afl_binary = lab_document_get_text(options, "afl_binary");
	}
	*ret_record = record;
	return true;
}

static void damaged(struct lab_verify *verify, const char *path, const char *what)
{
	verify->damaged++;
	verify->tell(verify->arg, path, what);
}

static bool read_file(void *arg, const char *path, const char *name)
{
	struct lab_verify *verify = arg;
	uint8_t *bytes;
	size_t count;

	verify->files++;
	if (lab_file_read(path, FILE_BYTES_MAX, &bytes, &count) == LAB_OK)
		free(bytes);
	else
		damaged(verify, path, strerror(errno));
	return true;
}

static void check_document(const struct lab_campaign *campaign, const char *name, const char *kind,
			   struct lab_verify *verify)
{
	struct json_object *document;
	const char *why = NULL;
	char path[LAB_PATH_ROOM];

	lab_campaign_path(campaign, path, "%s", name);
	document = lab_document_read(path, kind, &why);
	if (!document)
		damaged(verify, path, why);
	json_object_put(document);
}

static void check_page(const struct lab_campaign *campaign, struct lab_verify *verify)
{
	static const char end[] = "</html>\n";
	char path[LAB_PATH_ROOM];
	uint8_t *bytes;
	size_t count;

	lab_campaign_path(campaign, path, "report.html");
	if (lab_file_read(path, FILE_BYTES_MAX, &bytes, &count) != LAB_OK) {
		damaged(verify, path, strerror(errno));
		return;
	}
	if (count < strlen(end) || memcmp(bytes + count - strlen(end), end, strlen(end)) != 0)
		damaged(verify, path, "does not end as a page does");
	free(bytes);
}

struct checking {
	const struct lab_campaign *campaign;
	struct lab_verify *verify;
};

static void damaged_finding(void *arg, const char *name, const char *why)
{
	struct checking *checking = arg;
	char path[LAB_PATH_ROOM];

	lab_campaign_path(checking->campaign, path, "findings/%s/finding.json", name);
	damaged(checking->verify, path, why);
}

static bool can_replay(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
		       const char *path, struct lab_verify *verify)
{
	bool binary = strcmp(finding->way, "binary") == 0;
	const char *missing = NULL;

	if (strchr(campaign->target, '/') && access(campaign->target, R_OK) != 0)
		missing = campaign->target;
	else if (binary && (!lab_campaign_binary(campaign) || access(lab_campaign_binary(campaign), X_OK) != 0))
		missing = "the fuzz target";
	if (!missing)
		return true;
	verify->impossible++;
	verify->tell(verify->arg, path,
		     binary ? "cannot be replayed here: no fuzz target" : "cannot be replayed here: no target");
	return false;
}

static void check_finding(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
			  struct lab_verify *verify)
{
	char path[LAB_PATH_ROOM];
	struct lab_verdict verdict;

	verify->findings++;
	lab_campaign_finding_path(campaign, finding, finding->file, path);
	if (access(path, R_OK) != 0) {
		damaged(verify, path, strerror(errno));
		return;
	}
	if (!finding->replays || !can_replay(campaign, finding, path, verify))
		return;
	if (lab_finding_replay(campaign, finding, path, &verdict) == LAB_OK && verdict.found &&
	    verdict.finding.rule == finding->finding.rule)
		return;
	verify->unreplayed++;
	verify->tell(verify->arg, path, "does not replay");
}

void lab_verify_folder(const struct lab_campaign *campaign, struct lab_verify *verify)
{
	static const char *const folders[] = {"corpus", "raw", "log", "."};
	struct checking checking = {campaign, verify};
	struct lab_campaign_findings findings;
	char path[LAB_PATH_ROOM];

	for (size_t i = campaign->fuzzer ? 0 : 2; i < sizeof(folders) / sizeof(folders[0]); i++) {
		lab_campaign_path(campaign, path, "%s", folders[i]);
		if (access(path, R_OK | X_OK) != 0)
			damaged(verify, path, strerror(errno));
		lab_campaign_each_file(path, read_file, verify);
	}
	check_document(campaign, "status.json", "status", verify);
	check_page(campaign, verify);
	lab_campaign_findings_load(campaign, &findings, damaged_finding, &checking);
	for (size_t i = 0; i < findings.count; i++) {
		lab_campaign_path(campaign, path, "findings/%s", findings.list[i].name);
		lab_campaign_each_file(path, read_file, verify);
		check_finding(campaign, &findings.list[i], verify);
	}
	lab_campaign_findings_free(&findings);
}
