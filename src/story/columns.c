/* SPDX-License-Identifier: Apache-2.0 */
#include "story/columns.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "story/tell.h"
#include "story/text.h"
#include "story/verdict.h"

#define GUTTER      8u  /* mark and number */
#define GAP         2u  /* after a lane */
#define LANE_LEAST  22u /* narrower columns are no columns */
#define LANE_MOST   42u
#define ASIDE_LEAST 34u
#define ASIDE_GOOD  48u
#define WHO         18u /* names where there are no lanes */
#define ASIDE_LINES 2u
#define SOURCE_TEXT (sizeof(struct lab_source))

enum style { PLAIN, FAINT, STRONG, BAD, COMES };

struct page {
	FILE *out;
	const struct lab_rows_of *of;
	const struct lab_rows *rows;
	const struct lab_columns *columns;
	unsigned *lanes;      /* context index: its lane, or LAB_NOBODY */
	size_t *first, *last; /* of a lane: rows in which its context is under way */
	unsigned lane_count, lane_width, aside_width;
	char line[4096]; /* under way */
	size_t used;
};

static const char *style_on(const struct page *page, enum style style)
{
	static const char *const codes[] = {"", "\033[2m", "\033[1m", "\033[1;31m", "\033[36m"};

	return page->columns->colour ? codes[style] : "";
}

static const char *style_off(const struct page *page, enum style style)
{
	return page->columns->colour && style != PLAIN ? "\033[0m" : "";
}

static enum style style_of(const struct lab_row *row)
{
	if (row->kind == LAB_ROW_BROKEN)
		return BAD;
	if (row->kind == LAB_ROW_FOLDED || row->kind == LAB_ROW_SWITCH)
		return FAINT;
	if (row->kind == LAB_ROW_FIRES || row->kind == LAB_ROW_RETURNS)
		return COMES;
	return row->marked || row->kind == LAB_ROW_OP ? STRONG : PLAIN;
}

static void __attribute__((format(printf, 2, 3))) put(struct page *page, const char *format, ...)
{
	size_t room = sizeof(page->line) - page->used;
	va_list list;
	int more;

	va_start(list, format);
	more = vsnprintf(page->line + page->used, room, format, list);
	va_end(list);
	page->used += LAB_MIN((size_t)LAB_MAX(more, 0), room - 1);
}

static void end_line(struct page *page)
{
	while (page->used && page->line[page->used - 1] == ' ')
		page->used--;
	fprintf(page->out, "%.*s\n", (int)page->used, page->line);
	page->used = 0;
}

/* Puts the first line of what is left of a text, filled up to `width`, and goes behind it. */
static void put_piece(struct page *page, const char **text, unsigned width, enum style style)
{
	size_t bytes = lab_text_line(*text, width), shown = 0;

	if (bytes) {
		put(page, "%s%.*s%s", style_on(page, style), (int)bytes, *text, style_off(page, style));
		for (size_t i = 0; i < bytes; i++)
			shown += ((unsigned char)(*text)[i] & 0xc0u) != 0x80u;
		*text += bytes;
		while (**text == ' ')
			(*text)++;
	}
	put(page, "%*s", (int)(width - LAB_MIN(shown, (size_t)width)), "");
}

/* What stands beside the lanes leaves comments out: there is little room. */
static void drop_comment(char *text)
{
	char *block = strstr(text, "/*"), *line = strstr(text, "//");
	char *comment = block && (!line || block < line) ? block : line;

	if (comment && comment > text)
		*comment = '\0';
}

static void tell_source(const struct lab_row *row, bool shortly, char *text, size_t room)
{
	const struct lab_source *source = row->source;
	const char *name = source ? strrchr(source->file, '/') : NULL;

	text[0] = '\0';
	if (!source && row->code)
		snprintf(text, room, "code 0x%" PRIxPTR, row->code);
	else if (source && source->line)
		snprintf(text, room, "%s:%u %s", shortly && name ? name + 1 : source->file, source->line,
			 source->text[0] ? source->text : source->function);
	else if (source)
		snprintf(text, room, "%s", source->function);
}

/* Lanes are for who appears at all, in the scenario's order. */
static void assign_lanes(struct page *page)
{
	size_t contexts = page->of->scenario->context_count + 1; /* and the reclaimer */

	for (size_t i = 0; i < contexts; i++)
		page->lanes[i] = LAB_NOBODY;
	for (size_t i = 0; i < page->rows->count; i++) {
		const struct lab_row *row = &page->rows->list[i];

		if (row->context < contexts)
			page->lanes[row->context] = 0;
	}
	for (size_t i = 0; i < contexts; i++)
		if (page->lanes[i] != LAB_NOBODY)
			page->lanes[i] = page->lane_count++;
	for (size_t i = 0; i < page->rows->count; i++) {
		unsigned context = page->rows->list[i].context;
		unsigned lane = context < contexts ? page->lanes[context] : LAB_NOBODY;

		if (lane == LAB_NOBODY)
			continue;
		if (!page->last[lane])
			page->first[lane] = i;
		page->last[lane] = i + 1;
	}
}

static void tell_head(const struct page *page, unsigned context, char *text, size_t room)
{
	char name[48];

	lab_tell_context(page->of->scenario, context, name, sizeof(name));
	snprintf(text, room, "%s, cpu %u", name, lab_scenario_actor(page->of->scenario, context).cpu);
}

/* As wide as the longest row wants, if that leaves room for the sources; 0: no columns. */
static void choose_widths(struct page *page)
{
	unsigned most = page->columns->width, wanted = LANE_LEAST, can;

	for (size_t i = 0; i < page->rows->count; i++)
		if (page->rows->list[i].context != LAB_NOBODY)
			wanted = LAB_MAX(wanted, (unsigned)lab_text_columns(page->rows->list[i].text));
	if (!page->lane_count || most < GUTTER + ASIDE_LEAST + page->lane_count * (LANE_LEAST + GAP))
		return;
	can = most < GUTTER + ASIDE_GOOD + page->lane_count * (LANE_LEAST + GAP)
		      ? LANE_LEAST
		      : (most - GUTTER - ASIDE_GOOD) / page->lane_count - GAP;
	page->lane_width = LAB_MIN(LAB_MIN(wanted, can), LANE_MOST);
	page->aside_width = most - GUTTER - page->lane_count * (page->lane_width + GAP);
}

static void put_gutter(struct page *page, const struct lab_row *row)
{
	enum style style = row && row->marked ? BAD : FAINT;
	char number[24] = "";

	if (row && row->step)
		snprintf(number, sizeof(number), "%" PRIu64, row->step);
	put(page, "%s%s%5s%s  ", style_on(page, style), row && row->marked ? "▶" : " ", number, style_off(page, style));
}

/* What stands in the lane of one that a row is not about. */
static const char *beside(const struct page *page, const struct lab_row *row, size_t at, unsigned lane, bool first)
{
	if (first && row->other != LAB_NOBODY && page->lanes[row->other] == lane)
		return row->kind == LAB_ROW_FIRES ? "⋯ interrupted" : "⋯ stops here";
	return page->first[lane] <= at && at < page->last[lane] ? "│" : "";
}

static void put_lanes(struct page *page, size_t at, const char **text, bool first)
{
	const struct lab_row *row = &page->rows->list[at];

	for (unsigned lane = 0; lane < page->lane_count; lane++) {
		const char *other = beside(page, row, at, lane, first);

		if (lane == page->lanes[row->context])
			put_piece(page, text, page->lane_width, style_of(row));
		else
			put_piece(page, &other, page->lane_width, FAINT);
		put(page, "%*s", (int)GAP, "");
	}
}

static void print_in_lanes(struct page *page, size_t at)
{
	const struct lab_row *row = &page->rows->list[at];
	const char *text = row->text, *source;
	char aside[SOURCE_TEXT];

	tell_source(row, true, aside, sizeof(aside));
	drop_comment(aside);
	source = aside;
	for (unsigned line = 0; !line || *text || (*source && line < ASIDE_LINES); line++) {
		put_gutter(page, line ? NULL : row);
		if (row->context == LAB_NOBODY) {
			put_piece(page, &text, page->columns->width - GUTTER, style_of(row));
		} else {
			put_lanes(page, at, &text, !line);
			put_piece(page, &source, page->aside_width, FAINT);
		}
		end_line(page);
	}
}

static void print_heads(struct page *page)
{
	put(page, "%*s", (int)GUTTER, "");
	for (size_t i = 0; i <= page->of->scenario->context_count; i++) {
		char head[64];
		const char *text = head;

		if (page->lanes[i] == LAB_NOBODY)
			continue;
		tell_head(page, (unsigned)i, head, sizeof(head));
		put_piece(page, &text, page->lane_width, STRONG);
		put(page, "%*s", (int)GAP, "");
	}
	end_line(page);
}

/* One below the other: the number, who, what, and on the next line where. */
static void print_in_list(struct page *page, size_t at)
{
	const struct lab_row *row = &page->rows->list[at];
	char name[48] = "", aside[SOURCE_TEXT];
	const char *text = row->text, *who = name, *source;
	unsigned left = LAB_MAX(page->columns->width, GUTTER + WHO + LANE_LEAST) - GUTTER - WHO;

	if (row->context != LAB_NOBODY)
		lab_tell_context(page->of->scenario, row->context, name, sizeof(name));
	tell_source(row, false, aside, sizeof(aside));
	source = aside;
	for (unsigned line = 0; !line || *text; line++) {
		put_gutter(page, line ? NULL : row);
		put_piece(page, &who, WHO, STRONG);
		put_piece(page, &text, left, style_of(row));
		end_line(page);
	}
	for (unsigned line = 0; *source && line < ASIDE_LINES; line++) {
		put_gutter(page, NULL);
		put(page, "%*s", (int)WHO, "");
		put_piece(page, &source, left, FAINT);
		end_line(page);
	}
}

/* The files that the asides name shortly. */
static void print_files(struct page *page)
{
	for (size_t i = 0; i < page->rows->count; i++) {
		const struct lab_source *source = page->rows->list[i].source;
		bool known = !source || !source->file[0];

		for (size_t j = 0; j < i && !known; j++)
			known = page->rows->list[j].source && !strcmp(page->rows->list[j].source->file, source->file);
		if (!known)
			put(page, "%s%s", page->used ? ", " : "sources: ", source->file);
	}
	if (page->used)
		end_line(page);
}

static void print_rows(struct page *page)
{
	const struct lab_columns *columns = page->columns;
	size_t count = page->rows->count;
	size_t from = columns->rows_most && count > columns->rows_most ? count - columns->rows_most : 0;

	if (page->lane_width)
		print_heads(page);
	if (from)
		fprintf(page->out, "%*s… %zu rows before these: %s\n", (int)GUTTER, "", from, columns->whole);
	for (size_t i = from; i < count; i++) {
		if (page->lane_width)
			print_in_lanes(page, i);
		else
			print_in_list(page, i);
	}
}

void lab_columns_print(FILE *out, const struct lab_rows_of *of, const struct lab_rows *rows,
		       const struct lab_columns *columns)
{
	size_t contexts = of->scenario->context_count + 1;
	struct page page = {
		.out = out,
		.of = of,
		.rows = rows,
		.columns = columns,
		.lanes = calloc(contexts, sizeof(*page.lanes)),
		.first = calloc(contexts, sizeof(*page.first)),
		.last = calloc(contexts, sizeof(*page.last)),
	};

	if (page.lanes && page.first && page.last) {
		assign_lanes(&page);
		choose_widths(&page);
		lab_verdict_print_machine(out, of->scenario);
		print_rows(&page);
		if (page.lane_width)
			print_files(&page);
		lab_verdict_print(out, of, rows);
	}
	free(page.lanes);
	free(page.first);
	free(page.last);
}
