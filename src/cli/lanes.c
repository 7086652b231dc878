/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/lanes.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/file.h"
#include "scenario/text.h"
#include "story/columns.h"
#include "story/html.h"
#include "story/tell.h"
#include "story/weigh.h"

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

static struct lab_rows_of rows_of(const struct lab_lanes *lanes, bool all)
{
	return (struct lab_rows_of){
		.story = lanes->story,
		.scenario = lanes->scenario,
		.finding = lanes->finding,
		.symbols = symbols_of(lanes->target),
		.arena = lanes->target->caps & LAB_CAP_ARENA,
		.all = all,
	};
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

void lab_lanes_print(const struct lab_lanes *lanes)
{
	const struct lab_rows_of of = rows_of(lanes, lanes->all);
	const struct lab_columns columns = {
		.width = width_here(),
		.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.rows_most = lanes->rows_most,
		.whole = lanes->whole,
	};
	struct lab_rows rows;

	if (lanes->story->count && lab_rows_make(&of, &rows) == LAB_OK) {
		lab_columns_print(stdout, &of, &rows, &columns);
		lab_rows_free(&rows);
	} else if (lanes->story->count) {
		lab_cli_error("no memory for the steps");
	}
	lab_symbols_close(of.symbols);
}

static void emit_access(const struct lab_sim_step *step, struct lab_symbols *symbols, struct lab_emit *emit)
{
	char word[64];

	lab_tell_word(step, symbols, word, sizeof(word));
	lab_emit_text(emit, "word", word);
	lab_emit_u64(emit, "bytes", step->pending.bytes);
	if (!step->has_values)
		return;
	lab_emit_u64(emit, "before", step->before);
	lab_emit_u64(emit, "after", step->after);
}

static void emit_place(const struct lab_sim_step *step, struct lab_symbols *symbols, struct lab_emit *emit)
{
	const struct lab_source *source;

	if (!step->code)
		return;
	lab_emit_u64(emit, "code", step->code);
	if (!symbols || !lab_symbols_source(symbols, step->code, &source))
		return;
	lab_emit_text(emit, "function", source->function);
	if (!source->line)
		return;
	lab_emit_text(emit, "file", source->file);
	lab_emit_u64(emit, "line", source->line);
	lab_emit_text(emit, "source", source->text);
}

static void emit_step(const struct lab_rows_of *of, uint64_t number, const struct lab_sim_step *step, bool matters,
		      struct lab_emit *emit)
{
	char text[96];

	lab_emit_begin(emit, "step");
	lab_emit_u64(emit, "step", number);
	lab_tell_context(of->scenario, step->context, text, sizeof(text));
	lab_emit_text(emit, "context", text);
	lab_emit_text(emit, "event", step->fires ? "interrupt" : lab_sim_event_name(step->pending.kind));
	if (step->fires) {
		lab_tell_context(of->scenario, step->over, text, sizeof(text));
		lab_emit_text(emit, "over", text);
	}
	if (step->service)
		lab_emit_text(emit, "service", step->service);
	if (step->op) {
		lab_op_format(of->scenario, step->op, text, sizeof(text));
		lab_emit_text(emit, "op", text);
	}
	if (step->pending.address)
		emit_access(step, of->symbols, emit);
	emit_place(step, of->symbols, emit);
	lab_emit_bool(emit, "matters", matters);
	lab_emit_bool(emit, "ended", step->ended);
	if (step->op_ended)
		lab_emit_text(emit, "result", lab_status_name(step->status));
	if (step->op_ended && of->arena && step->frame != UINT64_MAX)
		lab_emit_u64(emit, "frame", step->frame);
	lab_emit_end(emit);
}

void lab_lanes_emit(const struct lab_lanes *lanes, struct lab_emit *emit)
{
	const struct lab_rows_of of = rows_of(lanes, lanes->all);
	size_t kept = lab_story_kept(of.story);
	bool *matters = calloc(kept + 1, sizeof(*matters));

	if (matters && lab_story_weigh(of.story, matters) == LAB_OK)
		for (size_t i = 0; i < kept; i++)
			emit_step(&of, lab_story_first(of.story) + i, lab_story_step(of.story, i), matters[i], emit);
	else
		lab_cli_error("no memory for the steps");
	free(matters);
	lab_symbols_close(of.symbols);
}

enum lab_status lab_lanes_html(const struct lab_lanes *lanes, const char *path)
{
	const struct lab_rows_of of = rows_of(lanes, true);
	const struct lab_html page = {lanes->target_name, lanes->artifact, lanes->command};
	struct lab_rows rows;
	char *text = NULL;
	size_t bytes = 0;
	enum lab_status status = lab_rows_make(&of, &rows);
	FILE *out = status == LAB_OK ? open_memstream(&text, &bytes) : NULL;

	errno = ENOMEM;
	if (out) {
		lab_html_print(out, &of, &rows, &page);
		status = fclose(out) == 0 ? lab_file_write(path, text, bytes) : LAB_SYSTEM;
		free(text);
	} else {
		status = LAB_SYSTEM;
	}
	lab_rows_free(&rows);
	lab_symbols_close(of.symbols);
	return status;
}
