/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/sort.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/assert.h"
#include "campaign/folder.h"
#include "campaign/inputs.h"
#include "report/file.h"

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static bool holds(void *const *tree, uint64_t number)
{
	return tfind(&number, tree, compare) != NULL;
}

static void put(void **tree, uint64_t number)
{
	uint64_t *node;

	if (holds(tree, number))
		return;
	node = malloc(sizeof(*node));
	lab_assert(node);
	*node = number;
	lab_assert(tsearch(node, tree, compare));
}

static void sorted_path(const struct lab_sorter *sorter, char *path)
{
	lab_campaign_path(sorter->campaign, path, "sorted.txt");
}

/* "0123456789abcdef what it came to"; a last line that is torn has no newline and does not count. */
static void load_sorted(struct lab_sorter *sorter)
{
	char path[LAB_PATH_ROOM], line[256];
	FILE *file;

	sorted_path(sorter, path);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		char *end;
		uint64_t content = strtoull(line, &end, 16);

		if (end == line + 16 && strchr(line, '\n'))
			put(&sorter->sorted, content);
	}
	if (file)
		fclose(file);
}

/* A folder that was just being made: its input waits where the engine put it, and makes it again. */
static void remove_begun(void *arg, const char *name, const char *why)
{
	const struct lab_sorter *sorter = arg;
	char path[LAB_PATH_ROOM];

	lab_campaign_path(sorter->campaign, path, "findings/%s/finding.json", name);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return;
	lab_campaign_path(sorter->campaign, path, "findings/%s", name);
	lab_campaign_remove(path);
}

void lab_sorter_open(struct lab_sorter *sorter, const struct lab_campaign *campaign)
{
	*sorter = (struct lab_sorter){.campaign = campaign};
	lab_campaign_findings_load(campaign, &sorter->findings, remove_begun, sorter);
	load_sorted(sorter);
}

void lab_sorter_close(struct lab_sorter *sorter)
{
	tdestroy(sorter->sorted, free);
	tdestroy(sorter->seen, free);
	lab_known_free(sorter->known);
	lab_campaign_findings_free(&sorter->findings);
}

bool lab_sorter_is_done(const struct lab_sorter *sorter, uint64_t content)
{
	return holds(&sorter->sorted, content);
}

static void could_not_write(struct lab_sorter *sorter)
{
	if (!sorter->unwritten)
		sorter->error = errno;
	sorter->unwritten = true;
}

/* A line at the end, and a newline before it if the last one is torn. */
bool lab_sorter_done(struct lab_sorter *sorter, uint64_t content, const char *what)
{
	char path[LAB_PATH_ROOM];
	bool torn = false, done;
	FILE *file;

	sorted_path(sorter, path);
	file = fopen(path, "r+");
	if (file && fseek(file, -1, SEEK_END) == 0)
		torn = fgetc(file) != '\n';
	if (file)
		fclose(file);
	file = fopen(path, "a");
	if (!file)
		return false;
	fprintf(file, "%s%016" PRIx64 " %s\n", torn ? "\n" : "", content, what);
	done = !ferror(file);
	done &= fclose(file) == 0;
	if (done)
		put(&sorter->sorted, content);
	return done;
}

static enum lab_status keep_bytes(const struct lab_sorter *sorter, const char *name, const uint8_t *bytes, size_t count)
{
	char path[LAB_PATH_ROOM];

	lab_campaign_path(sorter->campaign, path, "findings/%s", name);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return LAB_SYSTEM;
	lab_campaign_path(sorter->campaign, path, "findings/%s/input", name);
	return lab_file_write(path, bytes, count);
}

/* One whose folder is there from before: whoever was killed had just made it. */
static enum lab_status take_new(struct lab_sorter *sorter, const struct lab_verdict *verdict, uint64_t signature,
				const uint8_t *bytes, size_t count, char ret_name[32])
{
	const struct lab_campaign *campaign = sorter->campaign;
	struct lab_campaign_finding *finding;
	char log[LAB_PATH_ROOM], report[LAB_PATH_ROOM];
	enum lab_status status = lab_campaign_findings_add(campaign, &sorter->findings, verdict, signature, &finding);

	if (status != LAB_OK)
		return status;
	finding->inputs = 1;
	finding->input_bytes = count;
	finding->found_s = sorter->before_s + sorter->elapsed_s;
	status = keep_bytes(sorter, finding->name, bytes, count);
	lab_campaign_path(campaign, log, "log/replay.log");
	lab_campaign_finding_path(campaign, finding, "report.txt", report);
	if (status == LAB_OK && rename(log, report) != 0)
		status = LAB_SYSTEM;
	if (status == LAB_OK)
		status = lab_campaign_finding_save(campaign, finding);
	if (status != LAB_OK)
		sorter->findings.count--;
	else
		snprintf(ret_name, 32, "%s", finding->name);
	return status;
}

static enum lab_status take(struct lab_sorter *sorter, const char *path, const struct lab_verdict *verdict,
			    const uint8_t *bytes, size_t count, char ret_name[32])
{
	uint64_t signature = lab_campaign_signature(sorter->campaign, verdict, path);
	struct lab_campaign_finding *finding =
		lab_campaign_findings_find(&sorter->findings, verdict->finding.rule, signature);

	if (!finding)
		return take_new(sorter, verdict, signature, bytes, count, ret_name);
	finding->inputs++;
	snprintf(ret_name, 32, "%s", finding->name);
	return lab_campaign_finding_save(sorter->campaign, finding);
}

static void sort_bytes(struct lab_sorter *sorter, const struct lab_crash_input *input, const uint8_t *bytes,
		       size_t count, uint64_t content)
{
	struct lab_verdict verdict;
	enum lab_status status;
	char what[32], copy[LAB_PATH_ROOM];

	/* A copy: AFL++ that is started again moves what it had. */
	lab_campaign_path(sorter->campaign, copy, "log/replay.input");
	status = lab_file_write(copy, bytes, count);
	if (status == LAB_OK)
		status = lab_verdict_of_input(sorter->campaign, copy, &verdict);
	/* A replay that could not write what it found would be taken for another finding, or for none. */
	if (!lab_campaign_has_room(sorter->campaign)) {
		errno = ENOSPC;
		could_not_write(sorter);
		return;
	}
	if (status == LAB_OK && verdict.found) {
		status = take(sorter, copy, &verdict, bytes, count, what);
	} else if (status == LAB_OK && input->slow) {
		sorter->findings.slow++;
		snprintf(what, sizeof(what), "slow");
	} else if (status == LAB_OK) {
		snprintf(what, sizeof(what), "unreplayed-%08x", (unsigned)content);
		status = keep_bytes(sorter, what, bytes, count);
		sorter->findings.unreplayed += status == LAB_OK;
	}
	if (status != LAB_OK || !lab_sorter_done(sorter, content, what))
		could_not_write(sorter);
}

/* True: it took time. */
static bool sort_input(struct lab_sorter *sorter, const struct lab_crash_input *input)
{
	uint64_t content;
	uint8_t *bytes;
	size_t count;
	bool fresh;

	if (lab_file_read(input->path, LAB_INPUT_BYTES_MAX, &bytes, &count) != LAB_OK)
		return false;
	content = XXH64(bytes, count, 0);
	fresh = !lab_sorter_is_done(sorter, content);
	if (fresh)
		sort_bytes(sorter, input, bytes, count, content);
	free(bytes);
	return fresh;
}

bool lab_sorter_step(struct lab_sorter *sorter, bool slow)
{
	struct lab_crash_inputs inputs;
	bool done = false;

	for (size_t i = 0; i < sorter->findings.count; i++)
		if (!sorter->findings.list[i].settled) {
			lab_sorter_settle(sorter, i);
			return true;
		}
	lab_crash_inputs_list(sorter->campaign, &inputs);
	sorter->left = 0;
	for (size_t i = 0; i < inputs.count; i++) {
		const struct lab_crash_input *input = &inputs.list[i];
		uint64_t path = XXH64(input->path, strlen(input->path), input->bytes);

		if (holds(&sorter->seen, path))
			continue;
		sorter->left++;
		if (done || (input->slow && !slow))
			continue;
		put(&sorter->seen, path);
		done = sort_input(sorter, input);
		sorter->left--;
	}
	lab_crash_inputs_free(&inputs);
	return done;
}
