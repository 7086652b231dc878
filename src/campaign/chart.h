/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_CHART_H
#define LAB_CAMPAIGN_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Charts as SVG that takes its colours from the page's style: classes line, mark, bar, grid and label. */

#define LAB_CHART_MARKS 6u

struct lab_chart_point {
	double at, value;
};

/* A level that the line is looked at against. */
struct lab_chart_mark {
	const char *name;
	double value;
};

struct lab_chart {
	const char *title, *unit;             /* unit: of the values, "" none */
	const struct lab_chart_point *points; /* in order of `at`, in seconds */
	size_t count;
	const struct lab_chart_mark *marks;
	size_t mark_count;
	bool low; /* many points to a pixel: the least of them is drawn, else the last */
};

/* A figure with the last value in its caption; fewer than two points: nothing. */
void lab_chart_line(FILE *out, const struct lab_chart *chart);

/* How often each value came, in steps of two; both axes are logarithmic. */
struct lab_chart_bars {
	const char *title, *caption;
	const double *ends; /* the end of each step, nanoseconds */
	const double *counts;
	size_t count;
};
void lab_chart_bars(FILE *out, const struct lab_chart_bars *bars);

/* "1,234" and "12.3 M"; "1.5 ms" */
void lab_chart_number(double value, char text[32]);
void lab_chart_ns(double ns, char text[32]);
/* "2 h 05 min", "3 d 4 h", "45 s" */
void lab_chart_duration(double seconds, char text[32]);

#endif
