/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/markup.h"
#include "campaign/chart.h"
#include "campaign/document.h"
#include "report/file.h"

struct page {
	const struct lab_campaign *campaign;
	struct json_object *record, *status; /* campaign.json, status.json; NULL where there is none */
	struct lab_campaign_findings findings;
	FILE *out;
};

static const char *state_of(const struct page *page)
{
	const char *state = lab_document_get_text(page->status, "state");
	bool lives = strcmp(state, "starting") == 0 || strcmp(state, "running") == 0 ||
		     strcmp(state, "finishing") == 0 || strcmp(state, "minimising") == 0;

	if (strcmp(state, "stopped") == 0)
		return "It was stopped before its time.";
	if (strcmp(state, "failed") == 0)
		return "It ended before its time because of the environment: log/ tells why.";
	return lives ? "This is how it stands while it runs." : "";
}

static void put_verdict(const struct page *page)
{
	size_t known = 0, count = page->findings.count;
	uint64_t elapsed = lab_document_get_u64(page->status, "elapsed_s"),
		 last_new = lab_document_get_u64(page->status, "last_new_s");
	struct json_object *options;
	char time[32], quiet[32];

	for (size_t i = 0; i < count; i++)
		known += page->findings.list[i].known[0] != '\0';
	fprintf(page->out, "<header class=\"verdict%s\">\n<h1>", count || page->findings.unreplayed ? " bad" : "");
	if (count)
		fprintf(page->out, "%zu finding%s%s", count, count == 1 ? "" : "s", known == count ? ", known" : "");
	else if (page->findings.unreplayed)
		fputs("No finding, but crashes that did not replay", page->out);
	else
		fputs("No rule was broken", page->out);
	fputs("</h1>\n<p>", page->out);
	lab_chart_duration((double)elapsed, time);
	fprintf(page->out, "%s of <code>labyrinth %s", time, page->campaign->command);
	if (page->record && json_object_object_get_ex(page->record, "options", &options) &&
	    lab_document_get_text(options, "fuzzer")[0])
		fprintf(page->out, " %s --engine %s", lab_document_get_text(options, "fuzzer"),
			lab_document_get_text(options, "engine"));
	fputs("</code> against <code>", page->out);
	lab_markup_text(page->out, lab_document_get_text(page->record, "target"));
	fprintf(page->out, "</code>. %s", state_of(page));
	if (last_new && elapsed > last_new) {
		lab_chart_duration((double)(elapsed - last_new), quiet);
		fprintf(page->out, " Nothing new came in the last %s.", quiet);
	}
	fputs("</p>\n", page->out);
	if (known && known < count)
		fprintf(page->out, "<p>%zu of them %s known: a file of corpus/regress shows the same.</p>\n", known,
			known == 1 ? "is" : "are");
	if (page->findings.unreplayed)
		fprintf(page->out, "<p>%u input%s crashed once and not again: findings/unreplayed-*.</p>\n",
			page->findings.unreplayed, page->findings.unreplayed == 1 ? "" : "s");
	fputs("</header>\n", page->out);
}

static void put_tiles(const struct page *page)
{
	static const struct {
		const char *field, *name;
	} tiles[] = {{"runs", "runs"},
		     {"schedules", "schedules"},
		     {"scenarios", "scenarios"},
		     {"operations", "operations"},
		     {"interrupts", "interrupts"},
		     {"edges", "edges of code"},
		     {"pairs", "reads-from pairs"},
		     {"traces", "partial orders"},
		     {"corpus", "inputs kept"},
		     {"crashes", "inputs put aside"},
		     {"restarts", "jobs restarted"}};
	char text[32];

	fputs("<div class=\"tiles\">\n", page->out);
	lab_chart_duration((double)lab_document_get_u64(page->status, "elapsed_s"), text);
	fprintf(page->out, "<div><b>%s</b><span>in all sessions</span></div>\n", text);
	for (size_t i = 0; page->status && i < LAB_ARRAY_COUNT(tiles); i++) {
		struct json_object *value;

		if (!json_object_object_get_ex(page->status, tiles[i].field, &value))
			continue;
		lab_chart_number(json_object_get_double(value), text);
		fprintf(page->out, "<div><b>%s</b><span>%s</span></div>\n", text, tiles[i].name);
	}
	fputs("</div>\n", page->out);
}

static void put_row(FILE *out, const char *name, const char *value)
{
	fputs("<tr><td>", out);
	lab_markup_text(out, name);
	fputs("</td><td>", out);
	lab_markup_text(out, value);
	fputs("</td></tr>\n", out);
}

static void put_members(FILE *out, struct json_object *object)
{
	if (!object || !json_object_is_type(object, json_type_object))
		return;
	json_object_object_foreach(object, name, value)
	{
		if (json_object_is_type(value, json_type_object) || strcmp(name, "schema") == 0 ||
		    strcmp(name, "kind") == 0)
			continue;
		put_row(out, name, json_object_get_string(value));
	}
}

static void put_options(const struct page *page)
{
	struct json_object *options = NULL;

	fputs("<h2>Effective options</h2>\n<table>\n", page->out);
	put_members(page->out, page->record);
	if (page->record)
		json_object_object_get_ex(page->record, "options", &options);
	put_members(page->out, options);
	fputs("</table>\n", page->out);
}

static void put_jobs(const struct page *page)
{
	struct json_object *jobs;

	if (!page->status || !json_object_object_get_ex(page->status, "jobs", &jobs))
		return;
	fputs("<h2>Jobs</h2>\n<table>\n", page->out);
	for (size_t i = 0; i < json_object_array_length(jobs); i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);
		const char *end = lab_document_get_text(job, "last_end");
		char text[160];

		snprintf(text, sizeof(text), "started again %" PRIu64 " times%s%.90s",
			 lab_document_get_u64(job, "restarts"), end[0] ? "; ended last with " : "", end);
		put_row(page->out, lab_document_get_text(job, "name"), text);
	}
	fputs("</table>\n", page->out);
}

static void put_again(const struct page *page)
{
	fputs("<h2>Go on, and look closer</h2>\n<table>\n", page->out);
	put_row(page->out, "labyrinth verify .", "is every file here readable, does every finding replay");
	if (page->campaign->fuzzer || strcmp(page->campaign->command, "fuzz") == 0)
		put_row(page->out, "labyrinth coverage .", "which lines of the target the corpus reaches");
	put_row(page->out, "the same command, --dir and all", "goes on with this campaign");
	put_row(page->out, "findings/", "a folder each, with a README that says how to repeat it");
	put_row(page->out, "status.json, history.jsonl", "these numbers, for programs");
	fputs("</table>\n", page->out);
}

static void put_page(const struct page *page)
{
	FILE *out = page->out;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	      out);
	if (page->findings.count)
		fprintf(out, "%zu finding%s", page->findings.count, page->findings.count == 1 ? "" : "s");
	else
		fputs("clean", out);
	fprintf(out, ": labyrinth %s</title>\n<style>%s</style>\n</head>\n<body>\n", page->campaign->command,
		lab_page_style);
	put_verdict(page);
	put_tiles(page);
	if (page->findings.count)
		fputs("<h2>Findings</h2>\n", out);
	for (size_t i = 0; i < page->findings.count; i++)
		lab_page_finding(out, page->campaign, &page->findings.list[i], i == 0);
	lab_page_charts(out, page->campaign);
	put_options(page);
	put_jobs(page);
	put_again(page);
	fputs(lab_page_script, out);
	fputs("</body>\n</html>\n", out);
}

enum lab_status lab_page_write(const struct lab_campaign *campaign)
{
	struct page page = {.campaign = campaign};
	char path[LAB_PATH_ROOM], *text = NULL;
	enum lab_status status = LAB_SYSTEM;
	size_t bytes = 0;

	page.out = open_memstream(&text, &bytes);
	if (!page.out)
		return LAB_SYSTEM;
	lab_campaign_path(campaign, path, "campaign.json");
	page.record = lab_document_read(path, "campaign", NULL);
	lab_campaign_path(campaign, path, "status.json");
	page.status = lab_document_read(path, "status", NULL);
	lab_campaign_findings_load(campaign, &page.findings, NULL, NULL);
	put_page(&page);
	lab_campaign_findings_free(&page.findings);
	json_object_put(page.status);
	json_object_put(page.record);
	if (fclose(page.out) == 0) {
		lab_campaign_path(campaign, path, "report.html");
		status = lab_file_write(path, text, bytes);
	}
	free(text);
	return status;
}
