/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <xxhash.h>

#include "report/file.h"

#define BINARY_BYTES_MAX ((size_t)1 << 30)

/* Tells builds apart, whatever their version says. */
static void add_hash(struct json_object *document, const char *name, const char *path)
{
	char id[32] = "unknown";
	uint8_t *bytes;
	size_t count;

	if (lab_file_read(path, BINARY_BYTES_MAX, &bytes, &count) == LAB_OK) {
		snprintf(id, sizeof(id), "%016" PRIx64, (uint64_t)XXH3_64bits(bytes, count));
		free(bytes);
	}
	lab_document_text(document, name, id);
}

enum lab_status lab_record(const struct lab_campaign *campaign, const char *version, struct json_object *options,
			   struct json_object *machine)
{
	struct json_object *document = lab_document_new("campaign");
	char path[LAB_PATH_ROOM], system[3 * 65 + 8];
	struct utsname host;

	lab_document_text(document, "command", campaign->command);
	lab_document_text(document, "target", campaign->target);
	lab_document_text(document, "version", version);
	if (campaign->commit && campaign->commit[0])
		lab_document_text(document, "commit", campaign->commit);
	add_hash(document, "program_xxh3", campaign->program);
	if (strchr(campaign->target, '/'))
		add_hash(document, "target_xxh3", campaign->target);
	if (uname(&host) == 0) {
		snprintf(system, sizeof(system), "%s %s %s", host.sysname, host.release, host.machine);
		lab_document_text(document, "system", system);
	}
	json_object_object_add(document, "options", options);
	if (machine)
		json_object_object_add(document, "machine", machine);
	lab_campaign_path(campaign, path, "campaign.json");
	return lab_document_write(path, document);
}

static void add_binary(struct json_object *options, const char *name, const char *path)
{
	char hash[64];

	if (!path)
		return;
	lab_document_text(options, name, path);
	snprintf(hash, sizeof(hash), "%s_xxh3", name);
	add_hash(options, hash, path);
}

enum lab_status lab_record_fuzz(const struct lab_campaign *campaign, const char *version)
{
	struct json_object *options = json_object_new_object();

	lab_document_text(options, "fuzzer", campaign->fuzzer);
	lab_document_text(options, "engine", lab_fuzz_engine_name(campaign->engines));
	lab_document_u64(options, "jobs", campaign->job_count);
	lab_document_u64(options, "time_s", campaign->time_s);
	lab_document_u64(options, "seed", campaign->seed);
	lab_document_text(options, "seeds", campaign->seeds ? campaign->seeds : "");
	if (campaign->sync)
		lab_document_text(options, "sync", campaign->sync);
	add_binary(options, "libfuzzer_binary", campaign->libfuzzer_binary);
	add_binary(options, "afl_binary", campaign->afl_binary);
	return lab_record(campaign, version, options, NULL);
}
