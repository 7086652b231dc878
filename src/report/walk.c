/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "report/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
	void (*visit)(void *arg, const char *path);
	void *arg;
	char path[LAB_WALK_PATH];
};

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum lab_status walk_here(struct walk *walk);

static enum lab_status walk_folder(struct walk *walk)
{
	struct dirent **entries;
	int count = scandir(walk->path, &entries, is_shown, by_name);
	enum lab_status status = LAB_OK;
	size_t used = strlen(walk->path);

	if (count < 0)
		return LAB_SYSTEM;
	for (int i = 0; i < count; i++) {
		size_t room = sizeof(walk->path) - used;

		if (status == LAB_OK && (size_t)snprintf(walk->path + used, room, "/%s", entries[i]->d_name) >= room) {
			errno = ENAMETOOLONG;
			status = LAB_SYSTEM;
		} else if (status == LAB_OK) {
			status = walk_here(walk);
		}
		if (status == LAB_OK)
			walk->path[used] = '\0';
		free(entries[i]);
	}
	free(entries);
	return status;
}

static enum lab_status walk_here(struct walk *walk)
{
	struct stat info;

	/* what is not there is told by who tries to read it, and does not hide what comes after it */
	if (stat(walk->path, &info) == 0 && S_ISDIR(info.st_mode))
		return walk_folder(walk);
	walk->visit(walk->arg, walk->path);
	return LAB_OK;
}

enum lab_status lab_walk(const char *path, void (*visit)(void *arg, const char *path), void *arg, char *ret_path)
{
	struct walk walk = {.visit = visit, .arg = arg};
	enum lab_status status = LAB_SYSTEM;

	if ((size_t)snprintf(walk.path, sizeof(walk.path), "%s", path) < sizeof(walk.path))
		status = walk_here(&walk);
	else
		errno = ENAMETOOLONG;
	if (status != LAB_OK) {
		int saved = errno;

		memcpy(ret_path, walk.path, sizeof(walk.path));
		errno = saved;
	}
	return status;
}

bool lab_walk_is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
