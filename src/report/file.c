/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* close(2) for the way out of a failure, whose errno is the one to tell. */
static void close_quietly(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* Reads to the end, or one byte beyond max_bytes, which tells that there is more. */
static enum lab_status read_all(int fd, size_t max_bytes, uint8_t **bytes, size_t *count)
{
	size_t room = 0;

	*count = 0;
	for (;;) {
		ssize_t got;

		if (*count == room) {
			uint8_t *grown;

			if (*count > max_bytes)
				return LAB_INVALID;
			room = room ? 2 * room : 4096;
			if (room > max_bytes)
				room = max_bytes + 1;
			grown = realloc(*bytes, room);
			if (!grown)
				return LAB_SYSTEM;
			*bytes = grown;
		}
		got = read(fd, *bytes + *count, room - *count);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return LAB_SYSTEM;
		if (!got)
			return LAB_OK;
		*count += (size_t)got;
	}
}

enum lab_status lab_file_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = NULL;
	enum lab_status status;
	size_t count;

	if (fd < 0)
		return LAB_SYSTEM;
	status = read_all(fd, max_bytes, &bytes, &count);
	close_quietly(fd);
	if (status != LAB_OK) {
		int saved = errno;

		free(bytes);
		errno = saved;
		return status;
	}
	*ret_bytes = bytes;
	*ret_count = count;
	return LAB_OK;
}

static int write_all(int fd, const uint8_t *bytes, size_t count)
{
	while (count) {
		ssize_t put = write(fd, bytes, count);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		count -= (size_t)put;
	}
	return fsync(fd);
}

/* A new file beside the path; one of that name is what a killed writer with our thread number left behind. */
static int open_beside(const char *beside)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0 || errno != EEXIST || unlink(beside))
		return fd;
	return open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

/* A rename survives a power cut only once its folder is written too. */
static int sync_folder(char *path)
{
	int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

	if (fd < 0)
		return -1;
	failed = fsync(fd);
	/* Some file systems cannot sync a folder and say so; there is nothing more to be done there. */
	if (failed && errno == EINVAL)
		failed = 0;
	close_quietly(fd);
	return failed;
}

enum lab_status lab_file_write(const char *path, const void *bytes, size_t count)
{
	size_t room = strlen(path) + 32;
	char *beside = malloc(room);
	enum lab_status status = LAB_SYSTEM;
	int fd, saved;

	if (!beside)
		return LAB_SYSTEM;
	snprintf(beside, room, "%s.%ld.tmp", path, (long)gettid());
	fd = open_beside(beside);
	if (fd >= 0) {
		int failed = write_all(fd, bytes, count);

		if (failed)
			close_quietly(fd);
		else
			failed = close(fd);
		if (!failed && !rename(beside, path)) {
			strcpy(beside, path);
			status = sync_folder(beside) ? LAB_SYSTEM : LAB_OK;
		} else {
			saved = errno;
			unlink(beside);
			errno = saved;
		}
	}
	saved = errno;
	free(beside);
	errno = saved;
	return status;
}
