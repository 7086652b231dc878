/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_RUN_H
#define LAB_CAMPAIGN_RUN_H

#include "campaign/document.h"
#include "campaign/sort.h"

/*
 * A run of explore or stress in a campaign's folder. The command puts its findings into raw/ (NAME.lab, NAME.log,
 * NAME.scn), as it would anywhere; they are taken to findings/ from there at the end, or by the next run where this one
 * was killed. Processes that it forks may add samples.
 */
struct lab_run {
	struct lab_campaign campaign;
	struct lab_sorter sorter;
	struct json_object *before; /* status.json of the run before; NULL: none */
	uint64_t start_ns, before_s;
	char raw[LAB_PATH_ROOM];
};

/*
 * Locks and prepares the folder, which campaign names along with command, target and program; takes to findings/ what a
 * killed run left. options: an object, dropped; machine: of the zones, or NULL. Otherwise message says in one line what
 * is wrong. May sleep.
 */
LAB_MUST_USE enum lab_status lab_run_open(struct lab_run *run, const struct lab_campaign *campaign, const char *version,
					  struct json_object *options, struct json_object *machine, char *message,
					  size_t room);

/* Seconds since all of this campaign's runs began. */
double lab_run_time_s(const struct lab_run *run);
/* True when the next numbers are to be sampled, so long after the last ones. */
bool lab_run_is_due(const struct lab_run *run, uint64_t passed_ns, uint64_t every_ns);

/* A record of numbers for the history, and the same as status.json; those that count on from run to run are of this run
 * only. Drops it. False: could not be written. */
bool lab_run_sample(const struct lab_run *run, const char *state, struct json_object *numbers);

/* Takes raw/ to findings/, writes report.html, and tells how many findings there are. False: something could not be
 * written; errno. */
bool lab_run_finish(struct lab_run *run, size_t *ret_findings);
void lab_run_close(struct lab_run *run);

/* adopt.c: takes one finding's files, by their common name without the ending. False: it could not be written; errno.
 */
bool lab_run_adopt(struct lab_run *run, const char *stem);

#endif
