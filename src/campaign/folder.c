/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/campaign.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/bits.h"
#include "report/file.h"

#define INPUT_BYTES_MAX  ((size_t)1 << 20)
#define BINARY_BYTES_MAX ((size_t)1 << 30)

void lab_campaign_path(const struct lab_campaign *campaign, char *path, const char *format, ...)
{
	int used = snprintf(path, LAB_PATH_ROOM, "%s/", campaign->dir), more;
	va_list args;

	va_start(args, format);
	more = vsnprintf(path + used, LAB_PATH_ROOM - (size_t)used, format, args);
	va_end(args);
	lab_assert_cmp(used + more, <, LAB_PATH_ROOM);
}

/* mkdir -p of one path. */
static enum lab_status make_folders(const char *path)
{
	char partial[LAB_PATH_ROOM];

	for (size_t i = 0;; i++) {
		if ((path[i] == '/' || path[i] == '\0') && i > 0) {
			partial[i] = '\0';
			if (mkdir(partial, 0777) != 0 && errno != EEXIST)
				return LAB_SYSTEM;
		}
		if (path[i] == '\0')
			return LAB_OK;
		partial[i] = path[i];
	}
}

/* Copies a file whole; one that is there already stays. */
static enum lab_status copy_file(const char *from, const char *to)
{
	enum lab_status status;
	uint8_t *bytes;
	size_t count;

	if (access(to, F_OK) == 0)
		return LAB_OK;
	status = lab_file_read(from, INPUT_BYTES_MAX, &bytes, &count);
	if (status != LAB_OK)
		return status;
	status = lab_file_write(to, bytes, count);
	free(bytes);
	return status;
}

static enum lab_status copy_seeds(const struct lab_campaign *campaign)
{
	char from[LAB_PATH_ROOM + 256], to[LAB_PATH_ROOM];
	enum lab_status status = LAB_OK;
	const struct dirent *entry;
	unsigned copied = 0;
	DIR *seeds = campaign->seeds ? opendir(campaign->seeds) : NULL;

	while (seeds && status == LAB_OK && (entry = readdir(seeds))) {
		if (entry->d_type != DT_REG || entry->d_name[0] == '.')
			continue;
		snprintf(from, sizeof(from), "%s/%s", campaign->seeds, entry->d_name);
		lab_campaign_path(campaign, to, "corpus/%s", entry->d_name);
		status = copy_file(from, to);
		copied++;
	}
	if (seeds)
		closedir(seeds);
	if (status == LAB_OK && !copied) {
		/* AFL++ starts from at least one input. */
		lab_campaign_path(campaign, to, "corpus/zero");
		status = lab_file_write(to, "", 1);
	}
	return status;
}

static enum lab_status write_json(const struct lab_campaign *campaign, const char *name, struct json_object *document)
{
	const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
									    JSON_C_TO_STRING_NOSLASHESCAPE);
	char path[LAB_PATH_ROOM];
	enum lab_status status;

	lab_campaign_path(campaign, path, "%s", name);
	status = lab_file_write(path, text, strlen(text));
	json_object_put(document);
	return status;
}

static struct json_object *new_document(const char *kind)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "schema", json_object_new_int(1));
	json_object_object_add(document, "kind", json_object_new_string(kind));
	return document;
}

static void add_u64(struct json_object *document, const char *name, uint64_t value)
{
	json_object_object_add(document, name, json_object_new_uint64(value));
}

static void add_text(struct json_object *document, const char *name, const char *value)
{
	json_object_object_add(document, name, json_object_new_string(value));
}

static enum lab_status write_campaign(const struct lab_campaign *campaign)
{
	struct json_object *document = new_document("campaign");
	char id[32] = "unknown";
	uint8_t *bytes;
	size_t count;

	if (lab_file_read(campaign->binary, BINARY_BYTES_MAX, &bytes, &count) == LAB_OK) {
		snprintf(id, sizeof(id), "%016" PRIx64, (uint64_t)XXH64(bytes, count, 0));
		free(bytes);
	}
	add_text(document, "fuzzer", campaign->fuzzer);
	add_text(document, "engine", lab_fuzz_engine_name(campaign->engine));
	add_text(document, "target", campaign->target);
	add_text(document, "binary", campaign->binary);
	add_text(document, "binary_xxh64", id);
	add_text(document, "seeds", campaign->seeds ? campaign->seeds : "");
	add_u64(document, "jobs", campaign->job_count);
	add_u64(document, "time_s", campaign->time_s);
	add_u64(document, "seed", campaign->seed);
	return write_json(campaign, "campaign.json", document);
}

/* What the jobs of an earlier run printed would be read as progress of this one. */
static void remove_logs(const struct lab_campaign *campaign)
{
	char path[LAB_PATH_ROOM];
	const struct dirent *entry;
	DIR *logs;

	lab_campaign_path(campaign, path, "log");
	logs = opendir(path);
	while (logs && (entry = readdir(logs))) {
		if (entry->d_type != DT_REG)
			continue;
		lab_campaign_path(campaign, path, "log/%s", entry->d_name);
		unlink(path);
	}
	if (logs)
		closedir(logs);
}

enum lab_status lab_campaign_prepare(const struct lab_campaign *campaign, char *message, size_t room)
{
	static const char *const folders[] = {"corpus", "findings", "log", "raw", "afl"};
	enum lab_status status = LAB_OK;
	char path[LAB_PATH_ROOM];

	for (size_t i = 0; i < LAB_ARRAY_COUNT(folders) && status == LAB_OK; i++) {
		lab_campaign_path(campaign, path, "%s", folders[i]);
		status = make_folders(path);
	}
	if (status == LAB_OK) {
		remove_logs(campaign);
		status = copy_seeds(campaign);
	}
	if (status == LAB_OK)
		status = write_campaign(campaign);
	if (status != LAB_OK)
		snprintf(message, room, "%s: cannot be written: %s", campaign->dir,
			 status == LAB_SYSTEM ? strerror(errno) : lab_status_name(status));
	return status;
}

enum lab_status lab_campaign_write_status(const struct lab_campaign *campaign, const char *state, uint64_t elapsed_s,
					  unsigned running, const struct lab_campaign_progress *progress)
{
	struct json_object *document = new_document("status");

	add_text(document, "state", state);
	add_u64(document, "elapsed_s", elapsed_s);
	add_u64(document, "jobs_running", running);
	add_u64(document, "runs", progress->runs);
	add_u64(document, "runs_per_s", progress->runs_per_s);
	add_u64(document, "corpus", progress->corpus);
	add_u64(document, "edges", progress->edges);
	add_u64(document, "crashes", progress->crashes);
	return write_json(campaign, "status.json", document);
}

/* One AFL++ instance's queue. */
static enum lab_status keep_queue(const struct lab_campaign *campaign, const char *instance)
{
	char folder[LAB_PATH_ROOM], from[LAB_PATH_ROOM + 256], to[LAB_PATH_ROOM];
	enum lab_status status = LAB_OK;
	const struct dirent *entry;
	DIR *queue;

	lab_campaign_path(campaign, folder, "afl/%s/queue", instance);
	queue = opendir(folder);
	while (queue && status == LAB_OK && (entry = readdir(queue))) {
		uint8_t *bytes;
		size_t count;

		if (entry->d_type != DT_REG)
			continue;
		snprintf(from, sizeof(from), "%s/%s", folder, entry->d_name);
		status = lab_file_read(from, INPUT_BYTES_MAX, &bytes, &count);
		if (status != LAB_OK)
			break;
		lab_campaign_path(campaign, to, "corpus/%016" PRIx64, (uint64_t)XXH64(bytes, count, 0));
		if (access(to, F_OK) != 0)
			status = lab_file_write(to, bytes, count);
		free(bytes);
	}
	if (queue)
		closedir(queue);
	return status;
}

enum lab_status lab_campaign_keep_corpus(const struct lab_campaign *campaign)
{
	enum lab_status status = LAB_OK;
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *instances;

	lab_campaign_path(campaign, path, "afl");
	instances = opendir(path);
	while (instances && status == LAB_OK && (entry = readdir(instances)))
		if (entry->d_name[0] != '.')
			status = keep_queue(campaign, entry->d_name);
	if (instances)
		closedir(instances);
	return status;
}
