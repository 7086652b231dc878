/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/assert.h"
#include "campaign/folder.h"
#include "campaign/jobs.h"
#include "campaign/verdict.h"
#include "report/file.h"

static bool count_file(void *arg, const char *path, const char *name)
{
	++*(uint64_t *)arg;
	return true;
}

uint64_t lab_corpus_count(const struct lab_campaign *campaign)
{
	char path[LAB_PATH_ROOM];
	uint64_t count = 0;

	lab_campaign_path(campaign, path, "corpus");
	lab_campaign_each_file(path, count_file, &count);
	return count;
}

struct exchange {
	const struct lab_campaign *campaign;
	enum lab_status status;
};

static bool keep_input(void *arg, const char *path, const char *name)
{
	struct exchange *exchange = arg;
	char to[LAB_PATH_ROOM];
	uint8_t *bytes;
	size_t count;

	if (lab_file_read(path, LAB_INPUT_BYTES_MAX, &bytes, &count) != LAB_OK)
		return true; /* AFL++ is about to write or to remove it: the next round */
	lab_campaign_path(exchange->campaign, to, "corpus/%016" PRIx64, (uint64_t)XXH64(bytes, count, 0));
	if (access(to, F_OK) != 0)
		exchange->status = lab_file_write(to, bytes, count);
	free(bytes);
	return exchange->status == LAB_OK;
}

enum lab_status lab_corpus_exchange(const struct lab_campaign *campaign)
{
	struct exchange exchange = {.campaign = campaign, .status = LAB_OK};
	const struct dirent *entry;
	char path[LAB_PATH_ROOM];
	DIR *instances;

	lab_campaign_afl_path(campaign, path, "%s", "");
	instances = opendir(path);
	while (instances && exchange.status == LAB_OK && (entry = readdir(instances))) {
		if (entry->d_name[0] == '.')
			continue;
		lab_campaign_afl_path(campaign, path, "%s/queue", entry->d_name);
		lab_campaign_each_file(path, keep_input, &exchange);
	}
	if (instances)
		closedir(instances);
	return exchange.status;
}

/* From where the tool starts, to where it writes. */
static bool run_tool(const struct lab_campaign *campaign, const char *from, const char *to, unsigned limit_s)
{
	const char *const merge[] = {campaign->libfuzzer_binary, "-merge=1", "-timeout=10", to, from, NULL};
	const char *const cmin[] = {"afl-cmin", "-i", from, "-o", to, "-t", "10000", "--", campaign->afl_binary, NULL};
	char log[LAB_PATH_ROOM];
	int wait_status;

	lab_campaign_path(campaign, log, "log/minimise.log");
	if (lab_jobs_run(campaign->libfuzzer_binary ? merge : cmin, lab_verdict_environment(campaign), log, limit_s, 0,
			 campaign->idle, campaign->idle_arg, &wait_status) != LAB_OK)
		return false;
	return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

bool lab_corpus_minimise(const struct lab_campaign *campaign, unsigned limit_s)
{
	char corpus[LAB_PATH_ROOM], smaller[LAB_PATH_ROOM], old[LAB_PATH_ROOM];
	uint64_t count = 0;
	bool done;

	lab_campaign_path(campaign, corpus, "corpus");
	lab_campaign_path(campaign, smaller, "corpus.new");
	lab_campaign_path(campaign, old, "corpus.old");
	if (lab_campaign_make_folders(smaller) != LAB_OK)
		return false;
	done = run_tool(campaign, corpus, smaller, limit_s);
	lab_campaign_each_file(smaller, count_file, &count);
	if (!done || !count) {
		lab_campaign_remove(smaller);
		return false;
	}
	/* Cut off between the two, lab_corpus_recover finishes it. */
	done = rename(corpus, old) == 0 && rename(smaller, corpus) == 0;
	lab_corpus_recover(campaign);
	return done;
}

void lab_corpus_recover(const struct lab_campaign *campaign)
{
	char corpus[LAB_PATH_ROOM], smaller[LAB_PATH_ROOM], old[LAB_PATH_ROOM];

	lab_campaign_path(campaign, corpus, "corpus");
	lab_campaign_path(campaign, smaller, "corpus.new");
	lab_campaign_path(campaign, old, "corpus.old");
	if (access(old, F_OK) == 0 && access(corpus, F_OK) != 0 && rename(old, corpus) != 0)
		return;
	lab_campaign_remove(old);
	lab_campaign_remove(smaller);
}

struct sieve {
	const struct lab_campaign *campaign;
	unsigned removed;
};

static bool sieve_file(void *arg, const char *path, const char *name)
{
	struct sieve *sieve = arg;
	struct lab_verdict verdict;
	char to[LAB_PATH_ROOM];

	lab_campaign_idle(sieve->campaign);
	if (lab_verdict_of_input(sieve->campaign, path, &verdict) != LAB_OK || !verdict.found)
		return true;
	lab_campaign_path(sieve->campaign, to, "raw/crash-%s", name);
	sieve->removed += rename(path, to) == 0;
	return true;
}

unsigned lab_corpus_sieve(const struct lab_campaign *campaign)
{
	struct sieve sieve = {.campaign = campaign};
	char path[LAB_PATH_ROOM];

	lab_campaign_path(campaign, path, "corpus");
	lab_campaign_each_file(path, sieve_file, &sieve);
	return sieve.removed;
}
