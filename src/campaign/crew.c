/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign/crew.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/inputs.h"
#include "campaign/progress.h"
#include "plat/clock.h"

#define SECOND_NS UINT64_C(1000000000)
/* A job that ends this short before its time has ended in time. */
#define END_S 2u
/* One that ran for so long was well: what ended it is no failure to start. */
#define SETTLED_NS   (60 * SECOND_NS)
#define BACK_OFF_NS  (SECOND_NS)
#define BACK_OFF_MAX (60 * SECOND_NS)
#define HOPELESS     5u
/* libFuzzer's mode that goes on past crashes reads the corpus once: started again now and then, it sees what AFL++
 * found. */
#define SLICE_S  600u
#define GRACE_MS 5000u

static void log_path(const struct lab_campaign *campaign, const struct lab_engine_job *job, char *path)
{
	lab_campaign_path(campaign, path, "log/%s.log", job->name);
}

/* The log begins anew with each process, since its numbers do; the one before is kept. */
static void turn_log(const struct lab_campaign *campaign, const struct lab_engine_job *job)
{
	char path[LAB_PATH_ROOM], old[LAB_PATH_ROOM];

	log_path(campaign, job, path);
	lab_campaign_path(campaign, old, "log/%s.before.log", job->name);
	if (rename(path, old) != 0 && errno != ENOENT)
		unlink(path);
}

static enum lab_status start(struct lab_crew *crew, const struct lab_campaign *campaign, unsigned index,
			     uint64_t left_s, char *message, size_t room)
{
	struct lab_crew_member *member = &crew->member[index];
	struct lab_words argv = {0}, environment = {0};
	char log[LAB_PATH_ROOM];
	enum lab_status status;

	member->job.time_s = member->job.past_crashes && campaign->engines == LAB_FUZZ_BOTH
				     ? LAB_MIN(left_s, (uint64_t)SLICE_S)
				     : left_s;
	turn_log(campaign, &member->job);
	lab_engine_words(campaign, &member->job, &argv, &environment);
	log_path(campaign, &member->job, log);
	status = lab_jobs_start(&crew->jobs, index, (const char *const *)argv.word,
				(const char *const *)environment.word, log);
	if (status != LAB_OK)
		snprintf(message, room, "%s: cannot be started: %s", argv.word[0], strerror(errno));
	lab_words_free(&argv);
	lab_words_free(&environment);
	member->started_ns = lab_clock_mono_ns();
	member->not_before_ns = 0;
	return status;
}

enum lab_status lab_crew_open(struct lab_crew *crew, const struct lab_campaign *campaign, char *message, size_t room)
{
	enum lab_status status;

	lab_assert_cmp(campaign->job_count, <=, LAB_CAMPAIGN_JOB_MAX);
	*crew = (struct lab_crew){.count = campaign->job_count, .running = campaign->job_count};
	status = lab_jobs_open(&crew->jobs);
	if (status != LAB_OK) {
		snprintf(message, room, "no child process: %s", strerror(errno));
		return status;
	}
	for (unsigned i = 0; i < crew->count && status == LAB_OK; i++) {
		lab_engine_job_init(campaign, i, &crew->member[i].job);
		status = start(crew, campaign, i, campaign->time_s, message, room);
	}
	if (status != LAB_OK)
		lab_jobs_close(&crew->jobs, 0);
	return status;
}

static void tell_end(struct lab_crew_member *member, int wait_status)
{
	if (WIFSIGNALED(wait_status))
		snprintf(member->died, sizeof(member->died), "killed by signal %d", WTERMSIG(wait_status));
	else
		snprintf(member->died, sizeof(member->died), "exit %d", WEXITSTATUS(wait_status));
}

/* Its process has ended. True: it died, and was not done. */
static bool ended(struct lab_crew *crew, const struct lab_campaign *campaign, unsigned index)
{
	struct lab_crew_member *member = &crew->member[index];
	int wait_status = crew->jobs.job[index].wait_status;
	uint64_t now_ns = lab_clock_mono_ns();
	bool well = WIFEXITED(wait_status) && !member->job.afl, soon = now_ns - member->started_ns < SETTLED_NS;

	if (!member->job.afl)
		member->runs_before += lab_progress_of_log(campaign, &member->job);
	member->not_before_ns = now_ns;
	/* libFuzzer ends at its first crash: it found something, and goes on past crashes from here, in a mode that
	 * costs it two thirds of its speed. */
	if (well && !member->job.past_crashes && WEXITSTATUS(wait_status) && lab_crash_inputs_count(campaign)) {
		member->job.past_crashes = true;
		return false;
	}
	if (well && member->job.past_crashes &&
	    now_ns - member->started_ns + END_S * SECOND_NS >= member->job.time_s * SECOND_NS)
		return false;
	tell_end(member, wait_status);
	member->failures = soon ? member->failures + 1 : 0;
	if (member->failures)
		member->not_before_ns += LAB_MIN(BACK_OFF_NS << LAB_MIN(member->failures, 8u), BACK_OFF_MAX);
	/* Twice in a row: it may be what it starts from. */
	if (member->failures == 2)
		crew->wants_sieve = true;
	return true;
}

const struct lab_crew_member *lab_crew_tend(struct lab_crew *crew, const struct lab_campaign *campaign, uint64_t left_s)
{
	const struct lab_crew_member *died = NULL;
	char message[256];

	crew->running = lab_jobs_poll(&crew->jobs);
	for (unsigned i = 0; i < crew->count && left_s > END_S; i++) {
		struct lab_crew_member *member = &crew->member[i];

		if (crew->jobs.job[i].pid)
			continue;
		if (!member->not_before_ns && ended(crew, campaign, i))
			died = member;
		if (lab_clock_mono_ns() < member->not_before_ns)
			continue;
		if (member->died[0])
			member->restarts++, crew->restarts++;
		if (start(crew, campaign, i, left_s, message, sizeof(message)) == LAB_OK) {
			crew->running++;
			continue;
		}
		snprintf(member->died, sizeof(member->died), "%.90s", message);
		member->failures++;
		member->not_before_ns = lab_clock_mono_ns() + BACK_OFF_MAX;
		died = member;
	}
	return died;
}

bool lab_crew_is_hopeless(const struct lab_crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->member[i].failures >= HOPELESS)
			return true;
	return false;
}

void lab_crew_close(struct lab_crew *crew)
{
	lab_jobs_close(&crew->jobs, GRACE_MS);
	crew->running = 0;
}
