/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_SORT_H
#define LAB_CAMPAIGN_SORT_H

#include "campaign/findings.h"

/*
 * Takes what the engines put aside to findings/, while they run. Each input is replayed in a process of its own; what
 * it came to is written down in sorted.txt, by content, only when it lies safely in findings/: whoever comes next looks
 * at what is not there. The inputs themselves are never removed.
 */
struct lab_sorter {
	const struct lab_campaign *campaign;
	struct lab_campaign_findings findings;
	void *sorted, *seen;          /* trees of numbers: contents that are done, and paths that were looked at */
	uint64_t before_s, elapsed_s; /* of the campaign, for what is found now; the caller's to keep */
	uint64_t left;                /* inputs that still wait */
	bool unwritten;               /* something could not be written; errno of the first */
	int error;
	struct lab_known *known;
};

/* Loads what is known; answers also findings that were not settled by whoever was killed. */
void lab_sorter_open(struct lab_sorter *sorter, const struct lab_campaign *campaign);
void lab_sorter_close(struct lab_sorter *sorter);

/*
 * Sorts one input, or settles one finding. Those that were too slow once take as long again: they wait until `slow`.
 * False: there is nothing to do at present.
 */
bool lab_sorter_step(struct lab_sorter *sorter, bool slow);

/* sorted.txt: whether content is done, and that it now is, with what it came to. False: could not be written; errno. */
bool lab_sorter_is_done(const struct lab_sorter *sorter, uint64_t content);
bool lab_sorter_done(struct lab_sorter *sorter, uint64_t content, const char *what);

/* settle.c: makes it small, replays it, writes all that belongs to it; one that turns out to be another's is joined
 * with that. */
void lab_sorter_settle(struct lab_sorter *sorter, size_t index);

/* signature.c: equal for what is probably one defect. path: of the input that shows it. */
uint64_t lab_campaign_signature(const struct lab_campaign *campaign, const struct lab_verdict *verdict,
				const char *path);

/* known.c: the name of the file of corpus/regress that shows the same on this target, or NULL. way: of replay. */
const char *lab_known_find(struct lab_sorter *sorter, const struct lab_campaign_finding *finding);
void lab_known_free(struct lab_known *known);

/*
 * cut.c: replaces the file by one as short as can be found in a number of runs, of which `shows` says the same.
 * LAB_SYSTEM: errno. May sleep.
 */
LAB_MUST_USE enum lab_status lab_cut(const char *path, bool (*shows)(void *arg, const char *path), void *arg);

#endif
