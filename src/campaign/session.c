/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign/session.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/bits.h"
#include "campaign/corpus.h"
#include "campaign/document.h"
#include "campaign/history.h"
#include "campaign/page.h"
#include "plat/clock.h"

#define MS_NS       UINT64_C(1000000)
#define READ_MS     1000u
#define STATUS_MS   5000u
#define HISTORY_MS  10000u
#define EXCHANGE_MS 30000u
#define PAGE_MS     60000u
#define MINIMISE_S  300u

uint64_t lab_session_left_s(const struct lab_session *session)
{
	return session->campaign->time_s > session->elapsed_s ? session->campaign->time_s - session->elapsed_s : 0;
}

static struct json_object *jobs_of(const struct lab_crew *crew)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < crew->count; i++) {
		const struct lab_crew_member *member = &crew->member[i];
		struct json_object *job = json_object_new_object();

		lab_document_text(job, "name", member->job.name);
		lab_document_bool(job, "running", crew->jobs.job[i].pid != 0);
		lab_document_u64(job, "restarts", member->restarts);
		if (member->died[0])
			lab_document_text(job, "last_end", member->died);
		json_object_array_add(list, job);
	}
	return list;
}

static struct json_object *findings_of(const struct lab_campaign_findings *findings)
{
	struct json_object *by_rule = json_object_new_object();

	for (unsigned rule = 0; rule < LAB_RULE_COUNT; rule++) {
		uint64_t count = 0;

		for (size_t i = 0; i < findings->count; i++)
			count += findings->list[i].finding.rule == (enum lab_rule)rule;
		if (count)
			lab_document_u64(by_rule, lab_rule_info((enum lab_rule)rule)->id, count);
	}
	return by_rule;
}

static enum lab_status write_status(const struct lab_session *session)
{
	struct json_object *document = lab_document_new("status");
	const struct lab_progress *progress = &session->progress;
	char path[LAB_PATH_ROOM], when[32];
	time_t now = time(NULL);
	struct tm utc;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	lab_document_text(document, "state", session->state);
	lab_document_text(document, "updated", when);
	lab_document_u64(document, "elapsed_s", session->before_s + session->elapsed_s);
	lab_document_u64(document, "session_s", session->elapsed_s);
	lab_document_u64(document, "left_s", lab_session_left_s(session));
	lab_document_u64(document, "runs", progress->runs);
	lab_document_u64(document, "afl_runs", lab_progress_afl_runs(session->campaign));
	lab_document_u64(document, "runs_per_s", progress->runs_per_s);
	lab_document_u64(document, "corpus", progress->corpus);
	lab_document_u64(document, "edges", progress->edges);
	lab_document_u64(document, "pairs", progress->pairs);
	lab_document_u64(document, "last_new_s", session->last_new_s);
	lab_document_u64(document, "crashes", progress->crashes);
	lab_document_u64(document, "waiting", session->sorter.left);
	lab_document_u64(document, "unreplayed", session->sorter.findings.unreplayed);
	lab_document_u64(document, "jobs_running", session->crew.running);
	lab_document_u64(document, "restarts", session->crew.restarts);
	json_object_object_add(document, "jobs", jobs_of(&session->crew));
	json_object_object_add(document, "findings", findings_of(&session->sorter.findings));
	lab_campaign_path(session->campaign, path, "status.json");
	return lab_document_write(path, document);
}

static enum lab_status write_history(const struct lab_session *session)
{
	const struct lab_progress *progress = &session->progress;
	struct json_object *record = json_object_new_object();

	lab_document_u64(record, "t", session->before_s + session->elapsed_s);
	lab_document_u64(record, "runs", progress->runs);
	lab_document_u64(record, "rate", progress->runs_per_s);
	lab_document_u64(record, "corpus", progress->corpus);
	lab_document_u64(record, "edges", progress->edges);
	lab_document_u64(record, "pairs", progress->pairs);
	lab_document_u64(record, "findings", session->sorter.findings.count);
	return lab_history_add(session->campaign, record);
}

static void read_progress(struct lab_session *session)
{
	uint64_t newest;

	lab_progress_read(session->campaign, &session->crew, session->runs_before, &session->progress);
	newest = session->progress.edges + session->progress.pairs + session->sorter.findings.count;
	if (newest > session->newest) {
		session->newest = newest;
		session->last_new_s = session->before_s + session->elapsed_s;
	}
}

/* What could not be written, whatever else is; the first error is the one to tell. */
static void note(struct lab_session *session, enum lab_status status)
{
	if (status == LAB_OK)
		return;
	if (!session->unwritten)
		session->error = errno;
	session->unwritten = true;
}

static bool due(uint64_t *last_ms, uint64_t now_ms, uint64_t period_ms)
{
	if (now_ms - *last_ms < period_ms)
		return false;
	*last_ms = now_ms;
	return true;
}

/* The jobs have ended and the time stands still. */
static void tick_finishing(struct lab_session *session, uint64_t now_ms)
{
	session->busy = true;
	if (due(&session->status_ms, now_ms, STATUS_MS))
		note(session, write_status(session));
	if (session->look && due(&session->read_ms, now_ms, READ_MS))
		session->look(session->look_arg, NULL);
	session->busy = false;
}

void lab_session_tick(struct lab_session *session)
{
	uint64_t now_ms = (lab_clock_mono_ns() - session->start_ns) / MS_NS;
	const struct lab_crew_member *died = NULL;

	if (session->busy) /* what is done here may take long and call us again */
		return;
	if (session->finishing) {
		tick_finishing(session, now_ms);
		return;
	}
	session->busy = true;
	session->elapsed_s = session->sorter.elapsed_s = now_ms / 1000;
	if (session->crew.count)
		died = lab_crew_tend(&session->crew, session->campaign, lab_session_left_s(session));
	if (due(&session->read_ms, now_ms, READ_MS)) {
		read_progress(session);
		session->full |= !lab_campaign_has_room(session->campaign);
	}
	if (due(&session->status_ms, now_ms, STATUS_MS))
		note(session, write_status(session));
	if (due(&session->history_ms, now_ms, HISTORY_MS))
		note(session, write_history(session));
	if (session->campaign->engines == LAB_FUZZ_BOTH && due(&session->exchange_ms, now_ms, EXCHANGE_MS))
		note(session, lab_corpus_exchange(session->campaign));
	if (due(&session->page_ms, now_ms, PAGE_MS))
		note(session, lab_page_write(session->campaign));
	if (session->look)
		session->look(session->look_arg, died);
	session->busy = false;
}

bool lab_session_work(struct lab_session *session)
{
	uint64_t now_ms = (lab_clock_mono_ns() - session->start_ns) / MS_NS;

	if (!session->crew.wants_sieve) {
		/* Of days, thousands of files lie there: once there was nothing new, they are looked at each second. */
		if (now_ms < session->rest_ms)
			return false;
		if (lab_sorter_step(&session->sorter, false))
			return true;
		session->rest_ms = now_ms + READ_MS;
		return false;
	}
	session->crew.wants_sieve = false;
	lab_corpus_sieve(session->campaign);
	return true;
}

static void idle(void *arg)
{
	lab_session_tick(arg);
}

/* What earlier sessions came to. */
static void take_up(struct lab_session *session)
{
	char path[LAB_PATH_ROOM];
	struct json_object *status;
	uint64_t runs, afl;

	lab_campaign_path(session->campaign, path, "status.json");
	status = lab_document_read(path, "status", NULL);
	runs = lab_document_get_u64(status, "runs");
	afl = lab_document_get_u64(status, "afl_runs");
	session->before_s = lab_document_get_u64(status, "elapsed_s");
	session->last_new_s = lab_document_get_u64(status, "last_new_s");
	session->newest = lab_document_get_u64(status, "edges") + lab_document_get_u64(status, "pairs");
	session->runs_before = runs > afl ? runs - afl : 0;
	json_object_put(status);
}

enum lab_status lab_session_open(struct lab_session *session, struct lab_campaign *campaign, char *message, size_t room)
{
	enum lab_status status;

	*session = (struct lab_session){.campaign = campaign, .state = "starting", .start_ns = lab_clock_mono_ns()};
	campaign->idle = idle;
	campaign->idle_arg = session;
	take_up(session);
	lab_sorter_open(&session->sorter, campaign);
	session->sorter.before_s = session->before_s;
	status = write_status(session);
	if (status != LAB_OK) {
		snprintf(message, room, "%s: cannot be written", campaign->dir);
		lab_sorter_close(&session->sorter);
		return status;
	}
	status = lab_crew_open(&session->crew, campaign, message, room);
	session->state = "running";
	if (status != LAB_OK)
		lab_sorter_close(&session->sorter);
	else if (!session->before_s)
		note(session, write_history(session));
	return status;
}

bool lab_session_finish(struct lab_session *session, const char *state, unsigned limit_s, bool minimise)
{
	struct lab_campaign *campaign = session->campaign;
	uint64_t end_ns;

	session->unwritten = false; /* of what was tried on the way, the end counts */

	lab_crew_close(&session->crew);
	read_progress(session);
	session->finishing = true;
	session->state = "finishing";
	(void)!write_status(session);
	if (campaign->engines & LAB_FUZZ_AFL)
		note(session, lab_corpus_exchange(campaign));
	end_ns = lab_clock_mono_ns() + limit_s * UINT64_C(1000000000);
	while (lab_clock_mono_ns() < end_ns && lab_sorter_step(&session->sorter, true) && !session->sorter.unwritten)
		;
	session->state = "minimising";
	if (minimise && !session->full)
		lab_corpus_minimise(campaign, MINIMISE_S);
	session->look = NULL;
	read_progress(session);
	session->progress.corpus = lab_corpus_count(campaign);
	session->state = state;
	note(session, write_history(session));
	note(session, write_status(session));
	note(session, lab_page_write(campaign));
	if (session->sorter.unwritten) {
		session->error = session->sorter.error;
		session->unwritten = true;
	}
	return !session->unwritten;
}

void lab_session_close(struct lab_session *session)
{
	lab_sorter_close(&session->sorter);
}
