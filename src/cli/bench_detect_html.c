/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/markup.h"
#include "cli/bench_detect.h"

/* Light and dark by what the reader's system asks for. The table scrolls by itself on a narrow screen. */
static const char style[] =
	":root{color-scheme:light dark;--page:#fff;--ink:#1d2329;--soft:#5c6873;--line:#dfe4e8;--panel:#f4f6f8;"
	"--good:#1b7f4d;--good-panel:#e6f5ec;--half:#8a5a00;--half-panel:#fff4d6;--bad:#b3261e;--bad-panel:#fdecea}"
	"@media(prefers-color-scheme:dark){:root{--page:#14181c;--ink:#dde3e8;--soft:#93a1ad;--line:#2b333a;"
	"--panel:#1c2228;--good:#7ddba6;--good-panel:#16301f;--half:#f0c36a;--half-panel:#3a3116;--bad:#ff8a80;"
	"--bad-panel:#3a1f1d}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;max-width:110em;padding:1.5rem;background:var(--page);color:var(--ink);"
	"font:15px/1.45 system-ui,sans-serif}"
	"h1{margin:0 0 .4rem;font-size:1.5rem}p{margin:.3rem 0}.soft{color:var(--soft)}"
	".scroll{overflow-x:auto;margin-top:1rem}"
	"table{border-collapse:separate;border-spacing:0;width:100%}"
	"th,td{padding:.3rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);"
	"white-space:nowrap}"
	"th{background:var(--panel);position:sticky;top:0}"
	"td.bug{white-space:normal;min-width:22em}"
	"summary{cursor:pointer;font-family:ui-monospace,monospace}"
	"details p{white-space:pre-line;max-width:60em;color:var(--soft)}"
	"td.cell{font-variant-numeric:tabular-nums;border-left:3px solid transparent}"
	"td.cell b{display:inline-block;min-width:2.5em}"
	"td.good{background:var(--good-panel);border-left-color:var(--good)}td.good b{color:var(--good)}"
	"td.half{background:var(--half-panel);border-left-color:var(--half)}td.half b{color:var(--half)}"
	"td.bad{background:var(--bad-panel);border-left-color:var(--bad)}td.bad b{color:var(--bad)}"
	"td small{color:var(--soft)}"
	"tfoot td{font-weight:600;border-bottom:0}"
	"@media(max-width:60em){body{padding:.8rem}td.bug{min-width:14em}}";

static const char *colour_of(const struct lab_detect_bug *bug, const struct lab_detect_cell *cell)
{
	if (!cell->made)
		return "";
	if (bug->clean)
		return cell->found || cell->failed ? " bad" : " good";
	if (cell->right == cell->made)
		return " good";
	return cell->found ? " half" : "";
}

static void put_cell(FILE *out, const struct lab_detect_bug *bug, const struct lab_detect_cell *cell)
{
	fprintf(out, "<td class=\"cell%s\">", colour_of(bug, cell));
	if (!cell->made) {
		fputs("&ndash;</td>", out);
		return;
	}
	fprintf(out, "<b>%u/%u</b>", cell->found, cell->made);
	if (cell->wrong != LAB_RULE_COUNT)
		fprintf(out, " %u &times; %s", cell->found - cell->right, lab_rule_info(cell->wrong)->id);
	if (cell->failed)
		fprintf(out, " %u without an answer", cell->failed);
	if (cell->median)
		fprintf(out, " %.2f s", (double)cell->cpu_ns / 1e9);
	fputs("<br><small>", out);
	if (cell->median && cell->schedules)
		fprintf(out, "%" PRIu64 " schedules", cell->schedules);
	if (cell->small)
		fprintf(out, ", %u ops + %u", cell->ops, cell->departures);
	fputs("</small></td>", out);
}

static void put_bug(FILE *out, const struct lab_detect *detect, size_t i)
{
	const struct lab_detect_bug *bug = &detect->bugs[i];

	fputs("<tr><td class=\"bug\"><details><summary>", out);
	lab_markup_text(out, bug->id);
	fputs("</summary><p>", out);
	lab_markup_text(out, bug->story);
	fputs("</p></details></td><td>", out);
	lab_markup_text(out, bug->class);
	fprintf(out, "</td><td>%s</td>", bug->rule);
	for (size_t way = 0; way < detect->way_count; way++)
		put_cell(out, bug, lab_detect_cell(detect, i, way));
	fputs("</tr>\n", out);
}

static void put_head(FILE *out, const struct lab_detect *detect)
{
	char score[256];

	lab_detect_score_text(detect, score, sizeof(score));
	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<title>labyrinth bench detect</title><style>%s</style></head><body>\n"
		"<h1>Which seeded bugs are found</h1>\n<p>",
		style);
	lab_markup_text(out, score);
	fprintf(out,
		".</p>\n<p class=\"soft\">%u seeds from %" PRIu64 " on; %g s for each try, %g s with threads. "
		"A cell: found by how many seeds, median CPU time and schedules up to it, operations and departures of "
		"the artifact. Another rule than the expected one is half of a find; what found nothing %u times is "
		"given up.</p>\n<div class=\"scroll\"><table><thead><tr><th>bug</th><th>class</th><th>rule</th>",
		detect->seeds, detect->seed, (double)detect->budget_ns / 1e9,
		(double)detect->budget_ns / 1e9 * LAB_DETECT_LIVE, LAB_DETECT_PATIENCE);
	for (size_t way = 0; way < detect->way_count; way++)
		fprintf(out, "<th>%s</th>", detect->ways[way].name);
	fputs("</tr></thead>\n<tbody>\n", out);
}

char *lab_detect_html(const struct lab_detect *detect, size_t *ret_bytes)
{
	char *page;
	FILE *out = open_memstream(&page, ret_bytes);
	int failed;

	lab_assert(out);
	put_head(out, detect);
	for (size_t i = 0; i < detect->bug_count; i++)
		put_bug(out, detect, i);
	fputs("</tbody>\n<tfoot><tr><td colspan=\"3\">points</td>", out);
	for (size_t way = 0; way < detect->way_count; way++)
		fprintf(out, "<td>%.1f</td>", lab_detect_way_points(detect, way));
	fputs("</tr></tfoot></table></div>\n</body></html>\n", out);
	failed = fclose(out);
	lab_assert_cmp(failed, ==, 0);
	return page;
}
