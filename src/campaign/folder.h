/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_FOLDER_H
#define LAB_CAMPAIGN_FOLDER_H

#include "campaign/campaign.h"

#define LAB_INPUT_BYTES_MAX ((size_t)1 << 20)

/* mkdir -p. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_campaign_make_folders(const char *path);
/* Copies a file whole; one that is there already stays. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_campaign_copy(const char *from, const char *to);
/* Calls visit for each regular file in a folder whose name does not begin with a dot; a folder that cannot be read has
 * none. visit answers false to end. */
void lab_campaign_each_file(const char *folder, bool (*visit)(void *arg, const char *path, const char *name),
			    void *arg);
/* rm -r of a folder of files. */
void lab_campaign_remove(const char *folder);

#endif
