/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_CAMPAIGN_H
#define LAB_CAMPAIGN_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

/*
 * A run in a folder of its own, which tells its story without the program that made it; docs/campaigns.md lists what is
 * in it. The same command on an existing folder goes on with it. What a reader may look at is written whole or not at
 * all, or line by line (history.jsonl, sorted.txt), where a last line that is torn is left out.
 */
#define LAB_PATH_ROOM 4096u
/* Of the folder's own path. */
#define LAB_CAMPAIGN_DIR_MAX (LAB_PATH_ROOM / 2)
#define LAB_CAMPAIGN_JOB_MAX 64u
#define LAB_CAMPAIGN_SCHEMA  1

enum { LAB_FUZZ_LIBFUZZER = 1, LAB_FUZZ_AFL = 2, LAB_FUZZ_BOTH = 3 };

struct lab_campaign {
	const char *command; /* "fuzz", "explore" or "stress" */
	const char *dir, *target;
	const char *program; /* the labyrinth program, which replays */
	const char *commit;  /* that it was built from; "" or NULL: not known */
	/* What is called now and then in everything that takes long; NULL: nobody. */
	void (*idle)(void *arg);
	void *idle_arg;
	/* Only of a fuzz run. */
	const char *fuzzer;
	unsigned engines;             /* LAB_FUZZ_LIBFUZZER | LAB_FUZZ_AFL */
	const char *libfuzzer_binary; /* NULL: not there */
	const char *afl_binary;       /* NULL: not there */
	const char *afl_mutator;      /* the library of edits that know scenarios; NULL: bytes only */
	const char *seeds;            /* folder, or NULL */
	const char *regress;          /* folder of what once found a bug, or NULL */
	const char *sync, *host;      /* AFL++'s folder that hosts exchange; NULL: DIR/afl */
	unsigned job_count;
	uint64_t time_s, seed;
};

/* "libfuzzer", "afl" or "both" */
const char *lab_fuzz_engine_name(unsigned engines);
/* Its inputs are scenarios, which the program itself replays. */
bool lab_campaign_has_scenarios(const struct lab_campaign *campaign);
/* The fuzz target that replays inputs: of whichever engine. */
const char *lab_campaign_binary(const struct lab_campaign *campaign);

/* dir/name, formatted; a path that does not fit is a broken promise: the caller checks dir's length once. */
void lab_campaign_path(const struct lab_campaign *campaign, char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same of AFL++'s folder, which --sync may put elsewhere. */
void lab_campaign_afl_path(const struct lab_campaign *campaign, char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void lab_campaign_idle(const struct lab_campaign *campaign);

/*
 * Makes the folders, undoes what an ended program left half done, copies new seeds. Otherwise message says in one line
 * what failed. The folder must be locked.
 */
LAB_MUST_USE enum lab_status lab_campaign_prepare(const struct lab_campaign *campaign, char *message, size_t room);

/*
 * Locks the folder, which it makes if need be, until the process and all that it started have ended. LAB_BUSY: it is in
 * use, and stays so for the moments that a killed one's children take to end; message says by whom. LAB_SYSTEM: errno.
 */
LAB_MUST_USE enum lab_status lab_campaign_lock(const struct lab_campaign *campaign, char *message, size_t room);
/* Whether a running program has locked the folder. */
bool lab_campaign_is_locked(const struct lab_campaign *campaign);

/* Frees what is left on the folder's disk for what must still be written. False: there is not much. */
bool lab_campaign_has_room(const struct lab_campaign *campaign);

#endif
