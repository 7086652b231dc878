/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/corpus.h"
#include "report/file.h"

const char *lab_fuzz_engine_name(unsigned engines)
{
	static const char *const names[] = {"none", "libfuzzer", "afl", "both"};

	return names[engines & LAB_FUZZ_BOTH];
}

bool lab_campaign_has_scenarios(const struct lab_campaign *campaign)
{
	static const char *const fuzzers[] = {"fuzz_scenario", "fuzz_interrupt", "fuzz_sequential"};

	for (size_t i = 0; campaign->fuzzer && i < LAB_ARRAY_COUNT(fuzzers); i++)
		if (strcmp(campaign->fuzzer, fuzzers[i]) == 0)
			return true;
	return false;
}

const char *lab_campaign_binary(const struct lab_campaign *campaign)
{
	return campaign->libfuzzer_binary ? campaign->libfuzzer_binary : campaign->afl_binary;
}

static void print_path(const char *folder, const char *more, char *path, const char *format, va_list args)
{
	int used = snprintf(path, LAB_PATH_ROOM, "%s%s/", folder, more), rest;

	rest = vsnprintf(path + used, LAB_PATH_ROOM - (size_t)used, format, args);
	lab_assert_cmp(used + rest, <, LAB_PATH_ROOM);
}

void lab_campaign_path(const struct lab_campaign *campaign, char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_path(campaign->dir, "", path, format, args);
	va_end(args);
}

void lab_campaign_afl_path(const struct lab_campaign *campaign, char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_path(campaign->sync ? campaign->sync : campaign->dir, campaign->sync ? "" : "/afl", path, format, args);
	va_end(args);
}

void lab_campaign_idle(const struct lab_campaign *campaign)
{
	if (campaign->idle)
		campaign->idle(campaign->idle_arg);
}

enum lab_status lab_campaign_make_folders(const char *path)
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

enum lab_status lab_campaign_copy(const char *from, const char *to)
{
	enum lab_status status;
	uint8_t *bytes;
	size_t count;

	if (access(to, F_OK) == 0)
		return LAB_OK;
	status = lab_file_read(from, LAB_INPUT_BYTES_MAX, &bytes, &count);
	if (status != LAB_OK)
		return status;
	status = lab_file_write(to, bytes, count);
	free(bytes);
	return status;
}

void lab_campaign_each_file(const char *folder, bool (*visit)(void *arg, const char *path, const char *name), void *arg)
{
	const struct dirent *entry;
	DIR *files = opendir(folder);
	bool more = true;

	while (files && more && (entry = readdir(files))) {
		char path[LAB_PATH_ROOM + 256];
		struct stat info;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' && lstat(path, &info) == 0 && S_ISREG(info.st_mode))
			more = visit(arg, path, entry->d_name);
	}
	if (files)
		closedir(files);
}

static bool remove_file(void *arg, const char *path, const char *name)
{
	unlink(path);
	return true;
}

void lab_campaign_remove(const char *folder)
{
	lab_campaign_each_file(folder, remove_file, NULL);
	rmdir(folder);
}

struct seeds {
	const struct lab_campaign *campaign;
	enum lab_status status;
};

/* One that cannot be read is passed over: the others are as good without it. */
static bool copy_seed(void *arg, const char *path, const char *name)
{
	struct seeds *seeds = arg;
	char to[LAB_PATH_ROOM];

	if (access(path, R_OK) != 0)
		return true;
	lab_campaign_path(seeds->campaign, to, "corpus/%s", name);
	seeds->status = lab_campaign_copy(path, to);
	if (seeds->status == LAB_INVALID) /* larger than any input */
		seeds->status = LAB_OK;
	return seeds->status == LAB_OK;
}

static enum lab_status copy_seeds(const struct lab_campaign *campaign)
{
	struct seeds seeds = {.campaign = campaign, .status = LAB_OK};
	char zero[LAB_PATH_ROOM];

	if (campaign->seeds)
		lab_campaign_each_file(campaign->seeds, copy_seed, &seeds);
	if (seeds.status == LAB_OK && !lab_corpus_count(campaign)) {
		/* AFL++ starts from at least one input. */
		lab_campaign_path(campaign, zero, "corpus/zero");
		seeds.status = lab_file_write(zero, "", 1);
	}
	return seeds.status;
}

/* What a killed program left of files that it was writing. */
static bool remove_torn(void *arg, const char *path, const char *name)
{
	size_t length = strlen(name);

	if (length > 4 && strcmp(name + length - 4, ".tmp") == 0)
		unlink(path);
	return true;
}

enum lab_status lab_campaign_prepare(const struct lab_campaign *campaign, char *message, size_t room)
{
	static const char *const folders[] = {"findings", "log", "corpus", "raw", "afl"};
	size_t count = campaign->fuzzer ? LAB_ARRAY_COUNT(folders) : 2;
	enum lab_status status = LAB_OK;
	char path[LAB_PATH_ROOM];

	if (campaign->fuzzer)
		lab_corpus_recover(campaign);
	for (size_t i = 0; i < count && status == LAB_OK; i++) {
		lab_campaign_path(campaign, path, "%s", folders[i]);
		status = lab_campaign_make_folders(path);
		lab_campaign_each_file(path, remove_torn, NULL);
	}
	lab_campaign_each_file(campaign->dir, remove_torn, NULL);
	if (status == LAB_OK && campaign->sync)
		status = lab_campaign_make_folders(campaign->sync);
	if (status == LAB_OK && campaign->fuzzer)
		status = copy_seeds(campaign);
	if (status != LAB_OK)
		snprintf(message, room, "%s: cannot be written: %s", campaign->dir,
			 status == LAB_SYSTEM ? strerror(errno) : lab_status_name(status));
	return status;
}
