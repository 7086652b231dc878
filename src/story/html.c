/* SPDX-License-Identifier: Apache-2.0 */
#include "story/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/markup.h"
#include "story/tell.h"
#include "story/verdict.h"

struct page {
	FILE *out;
	const struct lab_rows_of *of;
	const struct lab_rows *rows;
	size_t *first, *last; /* of each context: rows in which it is under way; last 0: it is in none */
};

static void put_tagged(FILE *out, const char *open, const char *text, const char *close)
{
	fputs(open, out);
	lab_markup_text(out, text);
	fputs(close, out);
}

static void find_lives(struct page *page)
{
	for (size_t i = 0; i < page->rows->count; i++) {
		unsigned context = page->rows->list[i].context;

		if (context == LAB_NOBODY)
			continue;
		if (!page->last[context])
			page->first[context] = i;
		page->last[context] = i + 1;
	}
}

static void put_verdict(const struct page *page)
{
	const struct lab_finding *finding = page->of->finding;
	const struct lab_rule_info *rule = finding ? lab_rule_info(finding->rule) : NULL;
	bool any = false;

	if (!rule) {
		fputs("<h1 class=\"clean\">No rule was broken</h1>\n", page->out);
		return;
	}
	fprintf(page->out, "<h1>%s %s</h1>\n<p>The rule: %s.</p>\n", rule->id, rule->slug, rule->summary);
	put_tagged(page->out, "<p class=\"detail\">", finding->detail, "</p>\n");
	for (size_t i = 0; i < page->rows->count; i++) {
		const struct lab_row *row = &page->rows->list[i];
		char name[48], text[2 * sizeof(row->text)];

		if (!row->marked || row->kind == LAB_ROW_BROKEN)
			continue;
		fputs(any ? "" : "<p>What it is about:</p>\n<ol>\n", page->out);
		any = true;
		lab_tell_context(page->of->scenario, row->context, name, sizeof(name));
		lab_verdict_row(page->rows, i, text, sizeof(text));
		fprintf(page->out, "<li><a href=\"#r%zu\">", i);
		if (row->step)
			fprintf(page->out, "step %" PRIu64 "</a>, ", row->step);
		else
			fputs("in the end</a>, ", page->out);
		put_tagged(page->out, "", name, ": ");
		put_tagged(page->out, "<code>", text, "</code></li>\n");
	}
	fputs(any ? "</ol>\n" : "", page->out);
}

static void put_where(const struct page *page, const struct lab_row *row)
{
	const struct lab_source *source = row->source;
	char line[16];

	fputs("<td class=\"where\"", page->out);
	if (source && source->line) {
		put_tagged(page->out, " title=\"", source->function, "\">");
		snprintf(line, sizeof(line), ":%u", source->line);
		put_tagged(page->out, "", source->file, line);
		put_tagged(page->out, " <b>", source->text, "</b>");
	} else if (source) {
		put_tagged(page->out, ">", source->function, "");
	} else if (row->code) {
		fprintf(page->out, ">code 0x%" PRIxPTR, row->code);
	} else {
		fputc('>', page->out);
	}
	fputs("</td>", page->out);
}

/* A word's name less loud than its values. */
static void put_says(const struct page *page, const struct lab_row *row)
{
	const char *value = row->kind == LAB_ROW_ACCESS ? strstr(row->text, ": ") : NULL;
	char name[sizeof(row->text)];

	if (!value) {
		lab_markup_text(page->out, row->text);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(value - row->text) + 1, row->text);
	put_tagged(page->out, "<i>", name, "</i> ");
	lab_markup_text(page->out, value + 2);
}

static void put_lane(const struct page *page, const struct lab_row *row, size_t at, unsigned context)
{
	bool alive = page->first[context] <= at && at < page->last[context];
	char name[48];

	if (context == row->context) {
		lab_tell_context(page->of->scenario, context, name, sizeof(name));
		fprintf(page->out, "<td class=\"lane says%s\" data-who=\"", alive ? " alive" : "");
		put_tagged(page->out, "", name, "\">");
		put_says(page, row);
	} else if (context == row->other) {
		fprintf(page->out, "<td class=\"lane beside stopped%s\">⋯ %s", alive ? " alive" : "",
			row->kind == LAB_ROW_FIRES ? "interrupted" : "stops here");
	} else {
		fprintf(page->out, "<td class=\"lane beside%s\">", alive ? " alive" : "");
	}
	fputs("</td>", page->out);
}

static void put_row(const struct page *page, size_t at)
{
	static const char *const kinds[LAB_ROW_KIND_COUNT] = {"op",      "result", "access", "service", "fires",
							      "returns", "switch", "folded", "broken"};
	const struct lab_row *row = &page->rows->list[at];

	fprintf(page->out, "<tr id=\"r%zu\" class=\"%s%s%s\"><td class=\"step\">", at, kinds[row->kind],
		row->marked ? " marked" : "", row->extra ? " extra" : "");
	if (row->step)
		fprintf(page->out, "%" PRIu64, row->step);
	fputs("</td>", page->out);
	if (row->context == LAB_NOBODY) {
		size_t lanes = 1; /* the sources' as well */

		for (size_t i = 0; i <= page->of->scenario->context_count; i++)
			lanes += page->last[i] > 0;
		fprintf(page->out, "<td class=\"says\" colspan=\"%zu\">", lanes);
		put_tagged(page->out, "", row->text, "</td></tr>\n");
		return;
	}
	for (unsigned i = 0; i <= page->of->scenario->context_count; i++)
		if (page->last[i])
			put_lane(page, row, at, i);
	put_where(page, row);
	fputs("</tr>\n", page->out);
}

static void put_table(const struct page *page)
{
	const struct lab_scenario *scenario = page->of->scenario;

	fputs("<table>\n<colgroup><col class=\"step\">", page->out);
	for (size_t i = 0; i <= scenario->context_count; i++)
		fputs(page->last[i] ? "<col>" : "", page->out);
	fputs("<col class=\"where\"></colgroup>\n<thead><tr><th></th>", page->out);
	for (unsigned i = 0; i <= scenario->context_count; i++) {
		char name[48];

		if (!page->last[i])
			continue;
		lab_tell_context(scenario, i, name, sizeof(name));
		put_tagged(page->out, "<th>", name, "");
		fprintf(page->out, " <span class=\"soft\">cpu %u</span></th>", lab_scenario_actor(scenario, i).cpu);
	}
	fputs("<th>where</th></tr></thead>\n<tbody>\n", page->out);
	for (size_t i = 0; i < page->rows->count; i++)
		put_row(page, i);
	fputs("</tbody>\n</table>\n", page->out);
}

static void put_page(const struct page *page, const struct lab_html *html)
{
	const struct lab_finding *finding = page->of->finding;
	size_t extra = 0;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	      page->out);
	put_tagged(page->out, "", finding ? lab_rule_info(finding->rule)->id : "no finding", " in ");
	put_tagged(page->out, "", html->target, "</title>\n<style>");
	fprintf(page->out, "%s</style>\n</head>\n<body>\n<header>\n", lab_html_style);
	put_verdict(page);
	put_tagged(page->out, "<p>Run it again:</p>\n<pre>", html->command, "</pre>\n");
	put_tagged(page->out, "<p class=\"soft\">target ", html->target, ", ");
	put_tagged(page->out, "artifact ", html->artifact, "<br>");
	lab_verdict_print_machine(page->out, page->of->scenario);
	fputs("</p>\n</header>\n", page->out);
	if (page->rows->lost)
		fprintf(page->out, "<p class=\"soft\">%" PRIu64 " steps before these were not kept.</p>\n",
			page->rows->lost);
	for (size_t i = 0; i < page->rows->count; i++)
		extra += page->rows->list[i].extra;
	if (extra)
		fprintf(page->out,
			"<input type=\"checkbox\" id=\"all\"> <label for=\"all\">show also %zu steps that matter to no "
			"other context</label>\n",
			extra);
	put_table(page);
	fputs("</body>\n</html>\n", page->out);
}

void lab_html_print(FILE *out, const struct lab_rows_of *of, const struct lab_rows *rows, const struct lab_html *html)
{
	size_t contexts = of->scenario->context_count + 1;
	struct page page = {
		.out = out,
		.of = of,
		.rows = rows,
		.first = calloc(contexts, sizeof(*page.first)),
		.last = calloc(contexts, sizeof(*page.last)),
	};

	if (page.first && page.last) {
		find_lives(&page);
		put_page(&page, html);
	}
	free(page.first);
	free(page.last);
}
