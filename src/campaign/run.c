/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "campaign/folder.h"
#include "campaign/history.h"
#include "campaign/page.h"
#include "campaign/record.h"
#include "plat/clock.h"

/* Of a run of hours fewer numbers are kept. */
#define SPARSE_AFTER_S 3600.0
#define SPARSE_FACTOR  10u

struct collecting {
	struct lab_run *run;
	bool done;
};

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length > tail && strcmp(name + length - tail, end) == 0;
}

/* A log has its artifact beside it, if there is one. */
static bool collect(void *arg, const char *path, const char *name)
{
	struct collecting *collecting = arg;
	char stem[256], log[LAB_PATH_ROOM];

	if (!ends_with(name, ".lab") && !ends_with(name, ".log"))
		return true;
	snprintf(stem, sizeof(stem), "%.*s", (int)strlen(name) - 4, name);
	lab_campaign_path(&collecting->run->campaign, log, "raw/%s.log", stem);
	if (ends_with(name, ".log") || access(log, F_OK) != 0)
		collecting->done &= lab_run_adopt(collecting->run, stem);
	return true;
}

static bool collect_all(struct lab_run *run)
{
	struct collecting collecting = {.run = run, .done = true};

	lab_campaign_each_file(run->raw, collect, &collecting);
	return collecting.done;
}

enum lab_status lab_run_open(struct lab_run *run, const struct lab_campaign *campaign, const char *version,
			     struct json_object *options, struct json_object *machine, char *message, size_t room)
{
	char path[LAB_PATH_ROOM];
	enum lab_status status;

	*run = (struct lab_run){.campaign = *campaign, .start_ns = lab_clock_mono_ns()};
	lab_campaign_path(campaign, run->raw, "raw");
	status = lab_campaign_lock(campaign, message, room);
	if (status == LAB_OK)
		status = lab_campaign_prepare(campaign, message, room);
	if (status != LAB_OK) {
		json_object_put(options);
		json_object_put(machine);
		return status;
	}
	status = lab_campaign_make_folders(run->raw);
	if (status == LAB_OK) {
		status = lab_record(campaign, version, options, machine);
	} else {
		json_object_put(options);
		json_object_put(machine);
	}
	if (status != LAB_OK) {
		snprintf(message, room, "%s: cannot be written: %s", campaign->dir, strerror(errno));
		return status;
	}
	lab_campaign_path(campaign, path, "status.json");
	run->before = lab_document_read(path, "status", NULL);
	run->before_s = lab_document_get_u64(run->before, "elapsed_s");
	lab_sorter_open(&run->sorter, &run->campaign);
	run->sorter.before_s = run->before_s;
	(void)!collect_all(run); /* what cannot be written now is tried again at the end */
	return LAB_OK;
}

double lab_run_time_s(const struct lab_run *run)
{
	return (double)run->before_s + (double)(lab_clock_mono_ns() - run->start_ns) / 1e9;
}

bool lab_run_is_due(const struct lab_run *run, uint64_t passed_ns, uint64_t every_ns)
{
	return passed_ns >= (lab_run_time_s(run) > SPARSE_AFTER_S ? SPARSE_FACTOR * every_ns : every_ns);
}

/* What counts on from run to run. */
static bool adds(const char *name)
{
	static const char *const names[] = {"schedules", "scenarios", "operations", "interrupts"};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool lab_run_sample(const struct lab_run *run, const char *state, struct json_object *numbers)
{
	struct json_object *status = lab_document_new("status"), *record = json_object_new_object();
	char path[LAB_PATH_ROOM];
	bool done;

	json_object_object_add(record, "t", json_object_new_double(lab_run_time_s(run)));
	lab_document_text(status, "state", state);
	/* The second that has begun counts, so that no later session's times come before this one's. */
	lab_document_u64(status, "elapsed_s", (uint64_t)lab_run_time_s(run) + 1);
	json_object_object_foreach(numbers, name, value)
	{
		uint64_t number = json_object_get_uint64(value);

		if (adds(name))
			number += lab_document_get_u64(run->before, name);
		lab_document_u64(status, name, number);
		lab_document_u64(record, name, number);
	}
	json_object_put(numbers);
	done = lab_history_add(&run->campaign, record) == LAB_OK;
	lab_campaign_path(&run->campaign, path, "status.json");
	return (lab_document_write(path, status) == LAB_OK) & done;
}

bool lab_run_finish(struct lab_run *run, size_t *ret_findings)
{
	bool done = collect_all(run);

	*ret_findings = run->sorter.findings.count;
	return (lab_page_write(&run->campaign) == LAB_OK) & done;
}

void lab_run_close(struct lab_run *run)
{
	lab_sorter_close(&run->sorter);
	json_object_put(run->before);
}
