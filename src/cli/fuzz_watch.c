/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fuzz.h"
#include "cli/stop.h"
#include "plat/clock.h"

#define SECOND_NS   UINT64_C(1000000000)
#define LINE_S      10u
#define LINE_CI_S   60u
#define SCREEN_RULE "────────────────────────────────────────────────────────────"

struct watch {
	const struct lab_fuzz_plan *plan;
	struct lab_session *session;
	bool terminal, told_unwritten;
	uint64_t said_s;
	unsigned rows; /* of the screen as it stands */
	unsigned finishing_s;
};

static void duration(uint64_t seconds, char text[32])
{
	if (seconds >= 86400)
		snprintf(text, 32, "%" PRIu64 "d %02uh %02um", seconds / 86400, (unsigned)(seconds / 3600 % 24),
			 (unsigned)(seconds / 60 % 60));
	else
		snprintf(text, 32, "%02u:%02u:%02u", (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60),
			 (unsigned)(seconds % 60));
}

/* "R01 2, R04 1" */
static void findings_by_rule(const struct lab_campaign_findings *findings, char *text, size_t room)
{
	size_t used = 0;

	snprintf(text, room, "none");
	for (unsigned rule = 0; rule < LAB_RULE_COUNT; rule++) {
		unsigned count = 0;

		for (size_t i = 0; i < findings->count; i++)
			count += findings->list[i].finding.rule == (enum lab_rule)rule;
		if (count && used < room)
			used += (size_t)snprintf(text + used, room - used, "%s%s %u", used ? ", " : "",
						 lab_rule_info((enum lab_rule)rule)->id, count);
	}
}

static void row(struct watch *watch, const char *name, const char *text)
{
	fprintf(stderr, "  %-10s %s\033[K\n", name, text);
	watch->rows++;
}

static void show_jobs(struct watch *watch)
{
	const struct lab_crew *crew = &watch->session->crew;
	char text[256];
	size_t used = (size_t)snprintf(text, sizeof(text), "%u of %u run", crew->running, crew->count);

	if (crew->restarts)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ", %u restarts", crew->restarts);
	for (unsigned i = 0; i < crew->count && used < sizeof(text); i++)
		if (crew->member[i].not_before_ns)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "; %s: %s, waits",
						 crew->member[i].job.name, crew->member[i].died);
	row(watch, "jobs", text);
}

/* One screen, written over the last one. */
static void show_screen(struct watch *watch)
{
	const struct lab_session *session = watch->session;
	const struct lab_progress *progress = &session->progress;
	const struct lab_campaign *campaign = session->campaign;
	uint64_t total_s = session->before_s + session->elapsed_s;
	char text[256], passed[32], left[32];

	if (watch->rows)
		fprintf(stderr, "\033[%uA", watch->rows);
	watch->rows = 0;
	fprintf(stderr, "\033[1m%s\033[0m under %s against %s, in %s\033[K\n%s\033[K\n", campaign->fuzzer,
		lab_fuzz_engine_name(campaign->engines), campaign->target, campaign->dir, SCREEN_RULE);
	watch->rows = 2;
	duration(total_s, passed);
	duration(lab_session_left_s(session), left);
	snprintf(text, sizeof(text), "%s, %s left%s", passed, left,
		 session->before_s ? ", earlier sessions included" : "");
	row(watch, "time", text);
	snprintf(text, sizeof(text), "%" PRIu64 ", %" PRIu64 "/s", progress->runs, progress->runs_per_s);
	row(watch, "runs", progress->runs ? text : "no numbers yet");
	snprintf(text, sizeof(text), "%" PRIu64 " edges, %" PRIu64 " reads-from pairs, %" PRIu64 " inputs",
		 progress->edges, progress->pairs, progress->corpus);
	row(watch, "coverage", text);
	duration(total_s > session->last_new_s ? total_s - session->last_new_s : 0, passed);
	snprintf(text, sizeof(text), "%s ago", passed);
	row(watch, "last new", text);
	findings_by_rule(&session->sorter.findings, text, sizeof(text));
	row(watch, "findings", text);
	snprintf(text, sizeof(text), "%" PRIu64 " put aside, %" PRIu64 " wait for a replay, %u did not replay",
		 progress->crashes, session->sorter.left, session->sorter.findings.unreplayed);
	row(watch, "inputs", text);
	show_jobs(watch);
	fputs("\033[J", stderr);
	fflush(stderr);
}

static void show_line(const struct watch *watch)
{
	const struct lab_session *session = watch->session;
	const struct lab_progress *progress = &session->progress;
	char findings[256];

	if (!progress->runs) {
		fprintf(stderr, "fuzz: %" PRIu64 " s: no numbers yet, jobs %u\n", session->elapsed_s,
			session->crew.running);
		return;
	}
	findings_by_rule(&session->sorter.findings, findings, sizeof(findings));
	fprintf(stderr,
		"fuzz: %" PRIu64 " s: %" PRIu64 " runs, %" PRIu64 "/s, corpus %" PRIu64 ", edges %" PRIu64
		", pairs %" PRIu64 ", last new at %" PRIu64 " s, findings: %s, jobs %u\n",
		session->elapsed_s, progress->runs, progress->runs_per_s, progress->corpus, progress->edges,
		progress->pairs, session->last_new_s, findings, session->crew.running);
}

/* Called each second. */
static void show_finishing(struct watch *watch)
{
	const struct lab_session *session = watch->session;
	bool sorts = strcmp(session->state, "finishing") == 0;

	if (watch->finishing_s++ % (watch->terminal ? 1 : LINE_S))
		return;
	fprintf(stderr, "%sfuzz: %s", watch->terminal ? "\r\033[K" : "",
		sorts ? "replaying what was put aside" : "minimising the corpus");
	if (sorts)
		fprintf(stderr, ", %" PRIu64 " left", session->sorter.left);
	if (!watch->terminal)
		fputc('\n', stderr);
}

static void look(void *arg, const struct lab_crew_member *died)
{
	struct watch *watch = arg;
	struct lab_session *session = watch->session;
	unsigned period_s = watch->terminal ? 1 : watch->plan->ci ? LINE_CI_S : LINE_S;

	if (died) {
		fprintf(stderr, "%sfuzz: job %s ended (%s) and is started again: %s/log/%s.before.log tells why\n",
			watch->rows ? "\033[J" : "", died->job.name, died->died, session->campaign->dir,
			died->job.name);
		watch->rows = 0;
	}
	if (session->unwritten && !watch->told_unwritten) {
		lab_cli_error("fuzz: %s/status.json: cannot be written: %s", session->campaign->dir,
			      strerror(session->error));
		watch->told_unwritten = true;
	}
	if (session->finishing) {
		show_finishing(watch);
		return;
	}
	if (session->elapsed_s < watch->said_s + period_s)
		return;
	watch->said_s = session->elapsed_s;
	if (watch->terminal)
		show_screen(watch);
	else
		show_line(watch);
}

const char *lab_fuzz_watch(const struct lab_fuzz_plan *plan, struct lab_session *session)
{
	const struct timespec nap = {.tv_nsec = 100000000};
	static struct watch watch; /* the end is looked at too */
	const char *why = NULL;

	watch = (struct watch){.plan = plan, .session = session};
	watch.terminal = isatty(STDERR_FILENO) && !plan->ci;
	session->look = look;
	session->look_arg = &watch;
	while (!why && lab_session_left_s(session)) {
		lab_session_tick(session);
		if (lab_cli_stop_asked())
			why = "stopped";
		else if (session->full)
			why = "the disk is full";
		else if (session->sorter.unwritten)
			why = "a finding cannot be written";
		else if (lab_crew_is_hopeless(&session->crew))
			why = "a job ends each time that it is started";
		else if (plan->stop_on_finding && session->sorter.findings.count)
			why = "found";
		else if (!lab_session_work(session))
			nanosleep(&nap, NULL);
	}
	return why;
}
