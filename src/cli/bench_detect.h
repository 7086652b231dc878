/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_DETECT_H
#define LAB_CLI_BENCH_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oracle/rule.h"
#include "report/emit.h"

/*
 * Which seeded bugs are found, by which way of looking, how soon, and under the right rule. A cell is one bug and one
 * way; each of its tries is a process of this program with a seed of its own, as a user would start it.
 */
#define LAB_DETECT_WAYS  16u
#define LAB_DETECT_SEEDS 100u
#define LAB_DETECT_PATH  4096u
#define LAB_DETECT_LIVE  6u  /* times the time of a simulated try */
#define LAB_DETECT_CLOCK 12u /* times its CPU time, by the clock: a target may sleep, and the machine be busy */
/* Tries without a finding after which a cell is given up, if there was none before. */
#define LAB_DETECT_PATIENCE 2u

enum lab_detect_kind {
	LAB_DETECT_REPLAY,  /* every scenario of the corpus that once found a bug */
	LAB_DETECT_EXPLORE, /* the deterministic engine, with a strategy */
	LAB_DETECT_RACE,    /* the same in race mode */
	LAB_DETECT_STRESS,  /* threads and interrupts */
};

struct lab_detect_way {
	const char *name; /* "replay", "explore" (auto), "race", "stress", or a strategy's */
	enum lab_detect_kind kind;
};

/* A module, planted or clean. Texts are the list's. */
struct lab_detect_bug {
	const char *id, *class, *story;
	bool clean;       /* a finding is a false positive */
	const char *rule; /* "R04", or "R04 or R09" where it depends on who meets it first; of a clean one "none" */
	uint32_t rules;   /* the same, a bit each */
	char module[LAB_DETECT_PATH], hooked[LAB_DETECT_PATH];
};

struct lab_detect_try {
	bool made, failed;  /* failed: neither a finding nor the answer that there is none */
	enum lab_rule rule; /* of the finding; LAB_RULE_COUNT: none */
	uint64_t cpu_ns;    /* up to it; without one, of all the try */
	uint64_t schedules; /* the same; 0: not counted */
	unsigned ops, departures, ops_before;
	bool small; /* there is an artifact, and these are its numbers */
};

/* What tries came to. Medians are of all tries, one without a finding counting as one that takes for ever. */
struct lab_detect_cell {
	struct lab_detect_try tries[LAB_DETECT_SEEDS];
	unsigned made, failed, found, right;
	enum lab_rule wrong; /* one that was not expected; LAB_RULE_COUNT: none */
	bool median;         /* most tries found something: */
	uint64_t cpu_ns, schedules;
	bool small; /* most of these were made small: */
	unsigned ops, departures;
};

struct lab_detect {
	const char *folder, *pattern; /* of the bugs' modules; which ids */
	struct lab_detect_way ways[LAB_DETECT_WAYS];
	size_t way_count;
	unsigned seeds;
	uint64_t seed; /* of the first try */
	uint64_t budget_ns;
	const char *findings; /* where artifacts go */
	struct json_object *list;
	struct lab_detect_bug *bugs; /* the clean ones first */
	size_t bug_count;
	struct lab_detect_cell *cells; /* by bug, then way */
	bool stopped;
};

struct lab_detect_score {
	unsigned bugs, right, wrong, missed; /* right: by one way at least every try found it under its rule */
	unsigned clean, false_positives, failed;
	double points; /* of as many as there are bugs: a finding under the wrong rule is half of one */
};

static inline bool lab_detect_expects(const struct lab_detect_bug *bug, enum lab_rule rule)
{
	return bug->rules & 1u << rule;
}

static inline struct lab_detect_cell *lab_detect_cell(const struct lab_detect *detect, size_t bug, size_t way)
{
	return &detect->cells[bug * detect->way_count + way];
}

/* bench_detect_list.c: reads what is in the folder. 0, or an exit code after one line on stderr. */
int lab_detect_open(struct lab_detect *detect);
void lab_detect_close(struct lab_detect *detect);

/* bench_detect_try.c. May sleep. */
void lab_detect_try(const struct lab_detect *detect, const struct lab_detect_bug *bug, const struct lab_detect_way *way,
		    uint64_t seed, struct lab_detect_try *ret_try);

/* bench_detect_score.c */
void lab_detect_sum_up(const struct lab_detect_bug *bug, struct lab_detect_cell *cell);
/* Points of a bug by one way: 1 for each try that found it under its rule, half for one under another; on average. */
double lab_detect_points(const struct lab_detect_cell *cell);
void lab_detect_score(const struct lab_detect *detect, struct lab_detect_score *ret_score);
double lab_detect_way_points(const struct lab_detect *detect, size_t way);

/* bench_detect_tell.c: as a table, or records. */
void lab_detect_tell(const struct lab_detect *detect, enum lab_format format);
void lab_detect_emit(const struct lab_detect *detect, struct lab_emit *emit);
/* "5/5  0.12s   231  5+2"; `room` of 40 suffices. */
void lab_detect_cell_text(const struct lab_detect_cell *cell, char *text, size_t room);
void lab_detect_score_text(const struct lab_detect *detect, char *text, size_t room);

/* bench_detect_html.c: one page that needs nothing else, malloc'ed. */
char *lab_detect_html(const struct lab_detect *detect, size_t *ret_bytes);

/* The options as they were written; NULL: not given. */
struct lab_detect_words {
	const char *budget, *seeds, *bugs, *engines, *findings, *json, *html;
};

/* bench_detect.c: the command. The answer is its exit code. */
int lab_bench_detect(const struct lab_detect_words *words, uint64_t seed, enum lab_format format);

#endif
