/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/chart.h"
#include "campaign/history.h"
#include "campaign/page.h"

/* A number of history.jsonl over time. */
struct series {
	const char *field;
	struct lab_chart_point *points;
	size_t count;
};

static void take(void *arg, struct json_object *record)
{
	struct series *series = arg;
	struct json_object *at, *value;
	struct lab_chart_point *grown;

	if (!json_object_object_get_ex(record, "t", &at) || !json_object_object_get_ex(record, series->field, &value))
		return;
	/* A session that was killed may have been further than the next one knew. */
	if (series->count && json_object_get_double(at) < series->points[series->count - 1].at)
		return;
	grown = realloc(series->points, (series->count + 1) * sizeof(*grown));
	lab_assert(grown);
	series->points = grown;
	series->points[series->count++] =
		(struct lab_chart_point){.at = json_object_get_double(at), .value = json_object_get_double(value)};
}

static size_t put_series(FILE *out, const struct lab_campaign *campaign, const char *field, struct lab_chart *chart)
{
	struct series series = {.field = field};

	lab_history_each(campaign, take, &series);
	chart->points = series.points;
	chart->count = series.count;
	lab_chart_line(out, chart);
	free(series.points);
	return series.count;
}

/* "machine" of campaign.json: its zones with their watermarks. */
static void put_zones(FILE *out, const struct lab_campaign *campaign)
{
	static const char *const levels[] = {"min", "low", "high"};
	struct json_object *record, *machine = NULL;
	char path[LAB_PATH_ROOM];

	lab_campaign_path(campaign, path, "campaign.json");
	record = lab_document_read(path, "campaign", NULL);
	if (record && json_object_object_get_ex(record, "machine", &machine)) {
		json_object_object_foreach(machine, zone, marks)
		{
			struct lab_chart_mark mark[LAB_ARRAY_COUNT(levels)];
			struct lab_chart chart = {.unit = "frames", .marks = mark, .low = true};
			char title[96], field[64];

			for (size_t i = 0; i < LAB_ARRAY_COUNT(levels); i++)
				mark[chart.mark_count++] = (struct lab_chart_mark){
					levels[i], (double)lab_document_get_u64(marks, levels[i])};
			snprintf(title, sizeof(title), "Free frames of zone %.40s against its watermarks", zone);
			snprintf(field, sizeof(field), "free_%.40s", zone);
			chart.title = title;
			put_series(out, campaign, field, &chart);
		}
	}
	json_object_put(record);
}

static void put_kind(FILE *out, const char *call, const char *kind, struct json_object *told)
{
	struct json_object *list;
	double ends[64], counts[64];
	struct lab_chart_bars bars = {.ends = ends, .counts = counts};
	char title[96], caption[192], texts[4][32];
	static const char *const points[] = {"p50", "p99", "p99.9", "max"};

	if (!json_object_object_get_ex(told, "buckets", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list) && i < LAB_ARRAY_COUNT(ends); i++) {
		struct json_object *pair = json_object_array_get_idx(list, i);

		ends[bars.count] = json_object_get_double(json_object_array_get_idx(pair, 0));
		counts[bars.count++] = json_object_get_double(json_object_array_get_idx(pair, 1));
	}
	if (!bars.count)
		return;
	for (size_t i = 0; i < LAB_ARRAY_COUNT(points); i++)
		lab_chart_ns((double)lab_document_get_u64(told, points[i]), texts[i]);
	snprintf(title, sizeof(title), "Latency of %.20s in %.20s context", call, kind);
	snprintf(caption, sizeof(caption), "half within %s, 99 %% within %s, 99.9 %% within %s, at most %s", texts[0],
		 texts[1], texts[2], texts[3]);
	bars.title = title;
	bars.caption = caption;
	lab_chart_bars(out, &bars);
}

static void put_latency(FILE *out, const struct lab_campaign *campaign)
{
	static const char *const calls[] = {"alloc", "free"};
	struct json_object *document, *kinds;
	char path[LAB_PATH_ROOM];

	lab_campaign_path(campaign, path, "latency.json");
	document = lab_document_read(path, "latency", NULL);
	for (size_t i = 0; document && i < LAB_ARRAY_COUNT(calls); i++)
		if (json_object_object_get_ex(document, calls[i], &kinds)) {
			json_object_object_foreach(kinds, kind, told)
			{
				put_kind(out, calls[i], kind, told);
			}
		}
	json_object_put(document);
}

void lab_page_charts(FILE *out, const struct lab_campaign *campaign)
{
	static const struct {
		const char *field, *title, *unit;
	} lines[] = {
		{"edges", "Coverage: edges of code", "edges"},
		{"pairs", "Coverage: which write each read met", "reads-from pairs"},
		{"traces", "Coverage: distinct partial orders", "traces"},
		{"corpus", "Inputs worth keeping", "inputs"},
		{"findings", "Findings", ""},
		{"rate", "Speed", "a second"},
		{"interrupts", "Interrupts delivered", ""},
	};
	size_t count = 0;

	fputs("<h2>Over time</h2>\n<div class=\"charts\">\n", out);
	put_zones(out, campaign);
	for (size_t i = 0; i < LAB_ARRAY_COUNT(lines); i++) {
		struct lab_chart chart = {.title = lines[i].title, .unit = lines[i].unit};
		size_t points = put_series(out, campaign, lines[i].field, &chart);

		count = points > count ? points : count;
	}
	put_latency(out, campaign);
	fputs("</div>\n", out);
	if (count < 2)
		fputs("<p class=\"soft\">Too short for a picture.</p>\n", out);
}
