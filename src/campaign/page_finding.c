/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/markup.h"
#include "campaign/chart.h"
#include "campaign/page.h"
#include "report/file.h"

#define PART_BYTES_MAX ((size_t)8 << 20)
#define TEXT_BYTES_MAX ((size_t)64 << 10) /* of a log: its beginning tells what it was */

/* A file of the finding's folder as text, malloc'ed; NULL: there is none. */
static char *part(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding, const char *name)
{
	char path[LAB_PATH_ROOM], *text;
	uint8_t *bytes;
	size_t count;

	lab_campaign_finding_path(campaign, finding, name, path);
	if (lab_file_read(path, PART_BYTES_MAX, &bytes, &count) != LAB_OK)
		return NULL;
	text = strndup((const char *)bytes, count);
	free(bytes);
	return text;
}

static void put_text_part(FILE *out, const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
			  const char *name, const char *title, bool open)
{
	char *text = part(campaign, finding, name);
	size_t length = text ? strlen(text) : 0;

	if (length) {
		fprintf(out, "<details%s><summary>%s</summary>\n<pre>", open ? " open" : "", title);
		lab_markup_bytes(out, text, length < TEXT_BYTES_MAX ? length : TEXT_BYTES_MAX);
		fprintf(out, "%s</pre></details>\n", length < TEXT_BYTES_MAX ? "" : "\n… cut off here");
	}
	free(text);
}

/* The page of its steps in a frame of its own, since its style is its own affair; what it begins with is told here.
 * False: there is none. */
static bool put_lanes(FILE *out, const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
		      bool open)
{
	char *page = part(campaign, finding, "lanes.html");

	if (!page)
		return false;
	fprintf(out,
		"<details%s><summary>What happened, step by step: a column for each context</summary>\n"
		"<iframe title=\"steps\" srcdoc=\"&lt;style&gt;header{display:none}body{padding:.5rem!important}"
		"&lt;/style&gt;",
		open ? " open" : "");
	lab_markup_text(out, page);
	fputs("\"></iframe></details>\n", out);
	free(page);
	return true;
}

void lab_page_finding(FILE *out, const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
		      bool first)
{
	const struct lab_rule_info *rule = lab_rule_info(finding->finding.rule);
	char note[512], when[32], command[LAB_CAMPAIGN_COMMAND];
	bool lanes;

	lab_campaign_finding_note(finding, note, sizeof(note));
	lab_campaign_finding_command(campaign, finding, ".", command);
	lab_chart_duration((double)finding->found_s, when);
	fprintf(out, "<section class=\"finding%s\" id=\"", finding->known[0] ? " known" : "");
	lab_markup_text(out, finding->name);
	fprintf(out, "\">\n<h3>%s %s <span class=\"tag\">%s</span> <span class=\"tag\">%s</span></h3>\n", rule->id,
		rule->slug, finding->known[0] ? "known" : "new", finding->replays ? "replays" : "does not replay");
	fputs("<p>The rule: ", out);
	lab_markup_text(out, rule->summary);
	fputs(".</p>\n<p class=\"detail\">", out);
	lab_markup_text(out, finding->finding.detail);
	fputs("</p>\n", out);
	if (finding->stack[0]) {
		fputs("<p>Where: <code>", out);
		lab_markup_text(out, finding->stack);
		fputs("</code></p>\n", out);
	}
	if (finding->place[0]) {
		fputs("<p>It shows at <code>", out);
		lab_markup_text(out, finding->place);
		fputs("</code></p>\n", out);
	}
	fprintf(out, "<p class=\"soft\">Found after %s; ", when);
	lab_markup_text(out, note);
	fputs(".</p>\n<p>Run it again, in the campaign's folder:</p>\n<pre class=\"wrap\">", out);
	lab_markup_text(out, command);
	fputs("</pre>\n", out);
	lanes = put_lanes(out, campaign, finding, first);
	put_text_part(out, campaign, finding, "scenario.scn", "The smallest case as text", first && lanes);
	put_text_part(out, campaign, finding, "report.txt", "What the first replay printed", first && !lanes);
	put_text_part(out, campaign, finding, "log.txt", "What each thread did last", first && !lanes);
	fputs("</section>\n", out);
}
