/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/inputs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/bits.h"

/* Which names in a folder are inputs, and whether they were slow rather than crashing. */
struct pattern {
	const char *prefix;
	bool slow;
};

static void add_file(struct lab_crash_inputs *inputs, const char *folder, const char *name, bool slow)
{
	struct lab_crash_input *grown;
	struct stat info;
	char *path;
	int length = asprintf(&path, "%s/%s", folder, name);

	lab_assert_cmp(length, >=, 1);
	if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
		free(path);
		return;
	}
	grown = realloc(inputs->list, (inputs->count + 1) * sizeof(inputs->list[0]));
	lab_assert(grown);
	inputs->list = grown;
	inputs->list[inputs->count++] =
		(struct lab_crash_input){.path = path, .bytes = (uint64_t)info.st_size, .slow = slow};
}

static void add_folder(struct lab_crash_inputs *inputs, const char *folder, const struct pattern *patterns,
		       size_t count)
{
	const struct dirent *entry;
	DIR *open = opendir(folder);

	while (open && (entry = readdir(open)))
		for (size_t i = 0; i < count; i++)
			if (strncmp(entry->d_name, patterns[i].prefix, strlen(patterns[i].prefix)) == 0)
				add_file(inputs, folder, entry->d_name, patterns[i].slow);
	if (open)
		closedir(open);
}

static int compare(const void *left, const void *right)
{
	const struct lab_crash_input *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* AFL++ that resumes puts what it had into "crashes.DATE" and begins anew. */
static void add_instance(const struct lab_campaign *campaign, const char *name, struct lab_crash_inputs *inputs)
{
	static const struct pattern crashes[] = {{"id:", false}}, hangs[] = {{"id:", true}};
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *instance;

	lab_campaign_afl_path(campaign, path, "%s", name);
	instance = opendir(path);
	while (instance && (entry = readdir(instance))) {
		lab_campaign_afl_path(campaign, path, "%s/%s", name, entry->d_name);
		if (strncmp(entry->d_name, "crashes", strlen("crashes")) == 0)
			add_folder(inputs, path, crashes, LAB_ARRAY_COUNT(crashes));
		else if (strncmp(entry->d_name, "hangs", strlen("hangs")) == 0)
			add_folder(inputs, path, hangs, LAB_ARRAY_COUNT(hangs));
	}
	if (instance)
		closedir(instance);
}

void lab_crash_inputs_list(const struct lab_campaign *campaign, struct lab_crash_inputs *ret_inputs)
{
	static const struct pattern libfuzzer[] = {
		{"crash-", false}, {"leak-", false}, {"timeout-", true}, {"oom-", true}};
	struct lab_crash_inputs inputs = {0};
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *instances;

	lab_campaign_path(campaign, path, "raw");
	add_folder(&inputs, path, libfuzzer, LAB_ARRAY_COUNT(libfuzzer));
	lab_campaign_afl_path(campaign, path, "%s", "");
	instances = opendir(path);
	while (instances && (entry = readdir(instances))) {
		if (entry->d_name[0] == '.')
			continue;
		add_instance(campaign, entry->d_name, &inputs);
	}
	if (instances)
		closedir(instances);
	if (inputs.count)
		qsort(inputs.list, inputs.count, sizeof(inputs.list[0]), compare);
	*ret_inputs = inputs;
}

size_t lab_crash_inputs_count(const struct lab_campaign *campaign)
{
	struct lab_crash_inputs inputs;
	size_t count;

	lab_crash_inputs_list(campaign, &inputs);
	count = inputs.count;
	lab_crash_inputs_free(&inputs);
	return count;
}

void lab_crash_inputs_free(struct lab_crash_inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		free(inputs->list[i].path);
	free(inputs->list);
	*inputs = (struct lab_crash_inputs){0};
}
