/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_SESSION_H
#define LAB_CAMPAIGN_SESSION_H

#include "campaign/progress.h"
#include "campaign/sort.h"

/* A fuzz run from its start to its end, one of several over the same folder. */
struct lab_session {
	struct lab_campaign *campaign;
	struct lab_crew crew;
	struct lab_sorter sorter;
	struct lab_progress progress;
	const char
		*state; /* as status.json has it: starting, running, finishing, minimising, done, stopped or failed */
	uint64_t start_ns, elapsed_s;
	uint64_t before_s, runs_before; /* of earlier sessions; runs of libFuzzer only, since AFL++ counts on */
	uint64_t last_new_s;            /* of the campaign, when an edge, a pair or a finding last came */
	bool full;                      /* the disk is */
	bool unwritten;                 /* something could not be written; error: errno of the first */
	int error;
	/* Called after each look at the jobs; died: one that did since the last call, or NULL. */
	void (*look)(void *arg, const struct lab_crew_member *died);
	void *look_arg;
	/* Its own: when each was done last. */
	uint64_t read_ms, status_ms, history_ms, exchange_ms, page_ms, rest_ms, newest;
	bool busy, finishing;
};

/* Starts the jobs in a folder that is locked and prepared. Otherwise message says why not. */
LAB_MUST_USE enum lab_status lab_session_open(struct lab_session *session, struct lab_campaign *campaign, char *message,
					      size_t room);

/* Looks after everything that is due: jobs, numbers, status.json, history, the corpus that engines share. Cheap. */
void lab_session_tick(struct lab_session *session);

/* The next of what takes long: sieves the corpus, or sorts an input. False: there is nothing to do at present. */
bool lab_session_work(struct lab_session *session);

/* Seconds of the time that is left. */
uint64_t lab_session_left_s(const struct lab_session *session);

/*
 * Ends the jobs and sorts what is left, for limit_s at most; what was not sorted by then waits for the next session.
 * Minimises the corpus if so wished. Writes status.json with `state`, and report.html. False: something could not be
 * written. May sleep.
 */
bool lab_session_finish(struct lab_session *session, const char *state, unsigned limit_s, bool minimise);
void lab_session_close(struct lab_session *session);

#endif
