/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign/chart.h"

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "base/markup.h"

/* In the picture's own units; the page scales it. */
#define WIDTH   520.0
#define HEIGHT  220.0
#define LEFT    58.0
#define RIGHT   14.0
#define TOP     14.0
#define BOTTOM  28.0
#define COLUMNS 260u /* of points that are drawn */

void lab_chart_number(double value, char text[32])
{
	static const struct {
		double least;
		const char *name;
	} sizes[] = {{1e9, " G"}, {1e6, " M"}, {1e5, " k"}};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(sizes); i++)
		if (value >= sizes[i].least) {
			double scale = sizes[i].least >= 1e6 ? sizes[i].least : 1e3;

			snprintf(text, 32, value / scale >= 100 ? "%.0f%s" : "%.1f%s", value / scale, sizes[i].name);
			return;
		}
	if (value >= 1000)
		snprintf(text, 32, "%u,%03u", (unsigned)value / 1000, (unsigned)value % 1000);
	else
		snprintf(text, 32, value == floor(value) ? "%.0f" : "%.2f", value);
}

void lab_chart_ns(double ns, char text[32])
{
	if (ns >= 1e9)
		snprintf(text, 32, "%.3g s", ns / 1e9);
	else if (ns >= 1e6)
		snprintf(text, 32, "%.3g ms", ns / 1e6);
	else if (ns >= 1e3)
		snprintf(text, 32, "%.3g µs", ns / 1e3);
	else
		snprintf(text, 32, "%.0f ns", ns);
}

void lab_chart_duration(double seconds, char text[32])
{
	unsigned long s = (unsigned long)seconds;

	if (s >= 86400)
		snprintf(text, 32, "%lu d %lu h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		snprintf(text, 32, "%lu h %02lu min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf(text, 32, s % 60 ? "%lu min %02lu s" : "%lu min", s / 60, s % 60);
	else
		snprintf(text, 32, seconds < 10 && seconds != floor(seconds) ? "%.1f s" : "%.0f s", seconds);
}

/* The next of 1, 2 and 5 times a power of ten. */
static double nice(double value)
{
	double power = pow(10, floor(log10(value)));

	return value <= power ? power : value <= 2 * power ? 2 * power : value <= 5 * power ? 5 * power : 10 * power;
}

static void open_figure(FILE *out, const char *title, const char *caption)
{
	fputs("<figure>\n<figcaption><b>", out);
	lab_markup_text(out, title);
	fputs("</b> <span>", out);
	lab_markup_text(out, caption);
	fprintf(out, "</span></figcaption>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
	lab_markup_text(out, title);
	fputs("\">\n", out);
}

static void put_label(FILE *out, double x, double y, const char *anchor, const char *text)
{
	fprintf(out, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	lab_markup_text(out, text);
	fputs("</text>\n", out);
}

struct axes {
	double from, to, most; /* seconds; the greatest value on the axis */
};

static double x_of(const struct axes *axes, double at)
{
	return LEFT + (at - axes->from) / (axes->to - axes->from) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axes *axes, double value)
{
	return HEIGHT - BOTTOM - value / axes->most * (HEIGHT - TOP - BOTTOM);
}

static void put_axes(FILE *out, const struct axes *axes)
{
	double step = LAB_MAX(nice(axes->most / 4), 1.0); /* all that is counted is whole */
	char text[32];

	for (double value = 0; value <= axes->most * 1.0001; value += step) {
		double y = y_of(axes, value);

		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT,
			WIDTH - RIGHT, y, y);
		lab_chart_number(value, text);
		put_label(out, LEFT - 6, y + 4, "end", text);
	}
	lab_chart_duration(axes->from, text);
	put_label(out, LEFT, HEIGHT - 8, "start", text);
	lab_chart_duration((axes->from + axes->to) / 2, text);
	put_label(out, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle", text);
	lab_chart_duration(axes->to, text);
	put_label(out, WIDTH - RIGHT, HEIGHT - 8, "end", text);
}

static void put_line(FILE *out, const struct lab_chart *chart, const struct axes *axes)
{
	double pixel = (axes->to - axes->from) / COLUMNS;

	fputs("<polyline class=\"line\" points=\"", out);
	for (size_t i = 0; i < chart->count;) {
		double end = chart->points[i].at + pixel;
		struct lab_chart_point drawn = chart->points[i];

		for (i++; i < chart->count && chart->points[i].at < end; i++)
			if (!chart->low || chart->points[i].value < drawn.value)
				drawn = chart->points[i];
		fprintf(out, "%.1f,%.1f ", x_of(axes, drawn.at), y_of(axes, drawn.value));
	}
	fputs("\"/>\n", out);
}

/* Names of levels that lie close together would cover one another: each has a line of its own. */
static void put_marks(FILE *out, const struct lab_chart *chart, const struct axes *axes)
{
	double before = HEIGHT;

	for (size_t i = 0; i < chart->mark_count; i++) {
		const struct lab_chart_mark *mark = &chart->marks[i];
		double y = y_of(axes, mark->value), label = LAB_MIN(y - 4, before - 13);
		char text[64], number[32];

		lab_chart_number(mark->value, number);
		snprintf(text, sizeof(text), "%s %s", mark->name, number);
		fprintf(out, "<line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT,
			WIDTH - RIGHT, y, y);
		put_label(out, WIDTH - RIGHT - 4, label, "end", text);
		before = label;
	}
}

void lab_chart_line(FILE *out, const struct lab_chart *chart)
{
	struct axes axes = {.most = 1};
	char caption[96], number[32];

	if (chart->count < 2 || chart->points[chart->count - 1].at <= chart->points[0].at)
		return;
	axes.from = chart->points[0].at;
	axes.to = chart->points[chart->count - 1].at;
	for (size_t i = 0; i < chart->count; i++)
		axes.most = LAB_MAX(axes.most, chart->points[i].value);
	for (size_t i = 0; i < chart->mark_count; i++)
		axes.most = LAB_MAX(axes.most, chart->marks[i].value * 1.1);
	axes.most = nice(axes.most / 4) * ceil(axes.most / nice(axes.most / 4) - 1e-9);
	lab_chart_number(chart->points[chart->count - 1].value, number);
	snprintf(caption, sizeof(caption), "%s%s%s at the end", number, chart->unit[0] ? " " : "", chart->unit);
	open_figure(out, chart->title, caption);
	put_axes(out, &axes);
	put_line(out, chart, &axes);
	put_marks(out, chart, &axes);
	fputs("</svg>\n</figure>\n", out);
}

void lab_chart_bars(FILE *out, const struct lab_chart_bars *bars)
{
	double width = (WIDTH - LEFT - RIGHT) / (double)LAB_MAX(bars->count, (size_t)8), most = 1;
	char text[32];

	for (size_t i = 0; i < bars->count; i++)
		most = LAB_MAX(most, bars->counts[i]);
	most = ceil(log10(most * 1.01));
	open_figure(out, bars->title, bars->caption);
	for (double power = 0; power <= most; power += most > 4 ? 2 : 1) {
		double y = HEIGHT - BOTTOM - power / most * (HEIGHT - TOP - BOTTOM);

		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT,
			WIDTH - RIGHT, y, y);
		lab_chart_number(pow(10, power), text);
		put_label(out, LEFT - 6, y + 4, "end", text);
	}
	for (size_t i = 0; i < bars->count; i++) {
		double share = bars->counts[i] >= 1 ? (log10(bars->counts[i]) + 0.08) / (most + 0.08) : 0;
		double height = share * (HEIGHT - TOP - BOTTOM), x = LEFT + (double)i * width;

		lab_chart_ns(bars->ends[i], text);
		if (height > 0)
			fprintf(out,
				"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>up to "
				"%s: %.0f</title></rect>\n",
				x + 1, HEIGHT - BOTTOM - height, width - 2, height, text, bars->counts[i]);
		if (i % ((bars->count + 5) / 6) == 0)
			put_label(out, x + width / 2, HEIGHT - 8, "middle", text);
	}
	fputs("</svg>\n</figure>\n", out);
}
