/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_ROWS_H
#define LAB_STORY_ROWS_H

#include "oracle/finding.h"
#include "story/story.h"
#include "symbols/symbols.h"

/* A story as a table: each row is what one context did, in words; those that mean nothing to others are left out. */

enum lab_row_kind {
	LAB_ROW_OP,     /* an operation begins, and if nothing of it is shown, its result */
	LAB_ROW_RESULT, /* and ends */
	LAB_ROW_ACCESS,
	LAB_ROW_SERVICE, /* of the host */
	LAB_ROW_FIRES,   /* a handler comes in, over `other` */
	LAB_ROW_RETURNS,
	LAB_ROW_SWITCH, /* from `other`, of which one or the other is in the middle of an operation */
	LAB_ROW_FOLDED, /* steps that were left out */
	LAB_ROW_BROKEN, /* the rule; the last row */
	LAB_ROW_KIND_COUNT
};

struct lab_row {
	enum lab_row_kind kind;
	unsigned context;                /* LAB_NOBODY: none, it is said of all */
	unsigned other;                  /* who is stopped by it in the middle of an operation; LAB_NOBODY: none */
	uint64_t step;                   /* from 1; 0: it is no step */
	bool extra;                      /* left out unless all was asked for */
	bool marked;                     /* it has to do with the block that the finding is about */
	const struct lab_source *source; /* NULL: not known */
	uintptr_t code;                  /* its offset in the target's file; 0: not known */
	char text[160];
};

struct lab_rows_of {
	const struct lab_story *story;
	const struct lab_scenario *scenario;
	const struct lab_finding *finding; /* NULL: none */
	struct lab_symbols *symbols;       /* of the target's file; NULL: none. They must outlive the rows */
	bool arena;                        /* blocks are frames of the arena */
	bool all;                          /* leave nothing out */
};

struct lab_rows {
	struct lab_row *list;
	size_t count, room;
	uint64_t left_out; /* steps */
	uint64_t lost;     /* steps before the first one that was kept */
};

/* LAB_NO_MEMORY. *ret_rows is given back with lab_rows_free. May sleep. */
LAB_MUST_USE enum lab_status lab_rows_make(const struct lab_rows_of *of, struct lab_rows *ret_rows);
void lab_rows_free(struct lab_rows *rows);

#endif
