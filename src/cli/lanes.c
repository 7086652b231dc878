/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/lanes.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "story/columns.h"

#define WIDTH_DEFAULT 120u
#define WIDTH_LEAST   40u
#define WIDTH_MOST    400u

/* Of the object that the target's code lies in; NULL: its addresses keep their numbers. */
static struct lab_symbols *symbols_of(const struct lab_target *target)
{
	struct lab_symbols *symbols;
	void *code;
	Dl_info info;

	memcpy(&code, &target->alloc, sizeof(code));
	if (!dladdr(code, &info) || !info.dli_fname)
		return NULL;
	return lab_symbols_open(info.dli_fname, &symbols) == LAB_OK ? symbols : NULL;
}

static unsigned width_here(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned long width = columns ? strtoul(columns, NULL, 10) : 0;
	struct winsize window;

	if (!width && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0)
		width = window.ws_col;
	if (!width)
		return WIDTH_DEFAULT;
	return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : (unsigned)width;
}

void lab_lanes_print(const struct lab_target *target, const struct lab_scenario *scenario,
		     const struct lab_story *story, const struct lab_finding *finding, const struct lab_lanes_way *way)
{
	const struct lab_rows_of of = {
		.story = story,
		.scenario = scenario,
		.finding = finding,
		.symbols = symbols_of(target),
		.arena = target->caps & LAB_CAP_ARENA,
		.all = way->all,
	};
	const struct lab_columns columns = {
		.width = width_here(),
		.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.rows_most = way->rows_most,
		.whole = way->whole,
	};
	struct lab_rows rows;

	if (!story->count)
		return;
	if (lab_rows_make(&of, &rows) == LAB_OK) {
		lab_columns_print(stdout, &of, &rows, &columns);
		lab_rows_free(&rows);
	} else {
		lab_cli_error("no memory for the steps");
	}
	lab_symbols_close(of.symbols);
}
