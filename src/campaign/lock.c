/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "campaign/folder.h"

/*
 * flock on a file of the folder. The guards of jobs inherit the descriptor and jobs do not, so that a folder whose
 * program was killed stays locked until its jobs are gone.
 */
#define TRIES    30u
#define TRY_MS   100u
#define ROOM_MIN ((uint64_t)8 << 20)

static int open_lock(const struct lab_campaign *campaign, int flags)
{
	char path[LAB_PATH_ROOM];

	lab_campaign_path(campaign, path, "lock");
	return open(path, flags | O_CLOEXEC, 0666);
}

static long holder(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

enum lab_status lab_campaign_lock(const struct lab_campaign *campaign, char *message, size_t room)
{
	const struct timespec nap = {.tv_nsec = (long)TRY_MS * 1000000};
	char text[32];
	int fd;

	if (lab_campaign_make_folders(campaign->dir) != LAB_OK || (fd = open_lock(campaign, O_RDWR | O_CREAT)) < 0) {
		snprintf(message, room, "%s: cannot be written: %s", campaign->dir, strerror(errno));
		return LAB_SYSTEM;
	}
	for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (i == TRIES) {
			snprintf(message, room, "%s: in use by process %ld: one campaign at a time", campaign->dir,
				 holder(fd));
			close(fd);
			return LAB_BUSY;
		}
		nanosleep(&nap, NULL);
	}
	/* Who holds it is told to people only: a number that cannot be written is no reason to end. */
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, strlen(text), 0);
	return LAB_OK; /* the descriptor stays open until the process ends */
}

bool lab_campaign_is_locked(const struct lab_campaign *campaign)
{
	int fd = open_lock(campaign, O_RDONLY);
	bool locked;

	if (fd < 0)
		return false;
	locked = flock(fd, LOCK_SH | LOCK_NB) != 0;
	close(fd);
	return locked;
}

bool lab_campaign_has_room(const struct lab_campaign *campaign)
{
	struct statvfs disk;

	if (statvfs(campaign->dir, &disk) != 0)
		return true; /* what cannot be asked shows at the first write */
	return (uint64_t)disk.f_bavail * disk.f_frsize >= ROOM_MIN;
}
