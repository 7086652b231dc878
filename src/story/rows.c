/* SPDX-License-Identifier: Apache-2.0 */
#include "story/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "scenario/text.h"
#include "story/blocks.h"
#include "story/tell.h"
#include "story/weigh.h"

#define FOLD_LEAST 4u /* fewer steps that are left out show by the gap in the numbers */

struct context {
	const struct lab_op *op; /* under way; NULL: none */
	bool over;               /* it ended; a handler: it is not in */
	unsigned left_out;       /* steps since its last row */
	size_t op_row;
};

struct builder {
	const struct lab_rows_of *of;
	struct lab_rows *rows;
	struct lab_blocks blocks;
	struct context *contexts;
	unsigned last; /* who made the last step */
	unsigned switched_from;
	struct lab_row spare; /* written where memory ran out */
	bool failed;
};

static struct lab_row *add(struct builder *builder, enum lab_row_kind kind, unsigned context, uint64_t step)
{
	struct lab_rows *rows = builder->rows;

	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 64;
		struct lab_row *grown = realloc(rows->list, room * sizeof(*grown));

		if (!grown) {
			builder->failed = true;
			return &builder->spare;
		}
		rows->list = grown;
		rows->room = room;
	}
	rows->list[rows->count] = (struct lab_row){.kind = kind, .context = context, .other = LAB_NOBODY, .step = step};
	return &rows->list[rows->count++];
}

/* Before another row of the context, or of another one: how many steps it made that are not shown. */
static void close_fold(struct builder *builder, unsigned index)
{
	struct context *context = &builder->contexts[index];
	unsigned count = context->left_out;

	context->left_out = 0;
	if (count < FOLD_LEAST)
		return;
	snprintf(add(builder, LAB_ROW_FOLDED, index, 0)->text, sizeof(((struct lab_row *)0)->text),
		 "… %u steps of its own", count);
}

static struct lab_row *add_shown(struct builder *builder, enum lab_row_kind kind, const struct lab_sim_step *step,
				 uint64_t number)
{
	struct lab_row *row;

	close_fold(builder, step->context);
	row = add(builder, kind, step->context, number);
	row->code = step->code;
	if (step->code && builder->of->symbols)
		(void)lab_symbols_source(builder->of->symbols, step->code, &row->source);
	return row;
}

static void leave_out(struct builder *builder, const struct lab_sim_step *step)
{
	builder->contexts[step->context].left_out++;
	builder->rows->left_out++;
}

/* Of two switches with nothing shown between them only where they lead is told. From whom that is. */
static unsigned take_back_switch(struct builder *builder)
{
	struct lab_rows *rows = builder->rows;

	if (!rows->count || rows->list[rows->count - 1].kind != LAB_ROW_SWITCH)
		return builder->last;
	rows->count--;
	return builder->switched_from;
}

static void change_context(struct builder *builder, const struct lab_sim_step *step, uint64_t number)
{
	struct context *next = &builder->contexts[step->context], *last;
	unsigned from = builder->last;
	struct lab_row *row;

	if (from == LAB_NOBODY && !step->fires)
		return;
	if (from != LAB_NOBODY) {
		close_fold(builder, from);
		from = take_back_switch(builder);
	}
	last = from == LAB_NOBODY ? NULL : &builder->contexts[from];
	if (step->fires) {
		char over[48];

		lab_tell_context(builder->of->scenario, step->over, over, sizeof(over));
		row = add(builder, LAB_ROW_FIRES, step->context, number);
		row->other = step->over;
		snprintf(row->text, sizeof(row->text), step->over == LAB_NOBODY ? "comes in" : "comes in over %s",
			 over);
	} else if (from != step->context && last && !last->over && (last->op || next->op)) {
		row = add(builder, LAB_ROW_SWITCH, step->context, 0);
		row->other = last->op ? from : LAB_NOBODY;
		snprintf(row->text, sizeof(row->text), "%s", next->op ? "goes on" : "its turn");
		builder->switched_from = from;
	}
}

/* An operation begins, or the context has none left. */
static void begin_op(struct builder *builder, const struct lab_sim_step *step, uint64_t number)
{
	const struct lab_scenario *scenario = builder->of->scenario;
	struct context *context = &builder->contexts[step->context];
	struct lab_row *row;

	context->op = step->op;
	context->over = !step->op;
	if (step->op) {
		context->op_row = builder->rows->count + (context->left_out >= FOLD_LEAST);
		row = add_shown(builder, LAB_ROW_OP, step, number);
		lab_op_format(scenario, step->op, row->text, sizeof(row->text));
	} else if (lab_scenario_actor(scenario, step->context).kind != LAB_CONTEXT_TASK) {
		row = add_shown(builder, LAB_ROW_RETURNS, step, number);
		snprintf(row->text, sizeof(row->text), "returns");
	} else {
		leave_out(builder, step);
	}
}

/* Behind the operation itself, if nothing came after that; otherwise as a row of its own. */
static void end_op(struct builder *builder, const struct lab_sim_step *step, uint64_t number)
{
	struct context *context = &builder->contexts[step->context];
	struct lab_row *row;
	char result[64];
	bool marked;

	if (!context->op)
		return;
	marked = lab_blocks_note(&builder->blocks, step->context, context->op, step->status, step->frame, result,
				 sizeof(result));
	if (context->op_row + 1 == builder->rows->count && builder->rows->list[context->op_row].kind == LAB_ROW_OP) {
		row = &builder->rows->list[context->op_row];
		snprintf(row->text + strlen(row->text), sizeof(row->text) - strlen(row->text), " → %s", result);
		context->left_out = 0;
	} else {
		row = add_shown(builder, LAB_ROW_RESULT, step, number);
		row->source = NULL; /* it is the operation's, not the last step's */
		row->code = 0;
		snprintf(row->text, sizeof(row->text), "→ %s", result);
	}
	row->marked = marked;
	context->op = NULL;
}

static void add_step(struct builder *builder, const struct lab_sim_step *step, uint64_t number, bool matters)
{
	const struct lab_rows_of *of = builder->of;
	char text[sizeof(((struct lab_row *)0)->text)];
	struct lab_row *row;

	if (step->context != builder->last || step->fires)
		change_context(builder, step, number);
	builder->last = step->context;
	switch (step->pending.kind) {
	case LAB_SIM_START:
	case LAB_SIM_OP_END:
		begin_op(builder, step, number);
		break;
	case LAB_SIM_SERVICE:
	case LAB_SIM_RELAX:
		matters = lab_tell_service(step, of->symbols, text, sizeof(text));
		if (matters || of->all) {
			row = add_shown(builder, LAB_ROW_SERVICE, step, number);
			row->extra = !matters;
			memcpy(row->text, text, sizeof(text));
		} else {
			leave_out(builder, step);
		}
		break;
	default:
		if (matters || of->all) {
			row = add_shown(builder, LAB_ROW_ACCESS, step, number);
			row->extra = !matters;
			lab_tell_access(of->scenario, step, of->symbols, row->text, sizeof(row->text));
		} else {
			leave_out(builder, step);
		}
	}
	if (step->op_ended)
		end_op(builder, step, number);
}

/* Where the run came to its end, by the one who met it. */
static void add_broken(struct builder *builder)
{
	const struct lab_finding *finding = builder->of->finding;
	const struct lab_rule_info *rule = lab_rule_info(finding->rule);
	const struct lab_story *story = builder->of->story;
	unsigned actor = finding->actor;
	const struct lab_op *op = NULL;
	char result[64] = "";
	struct lab_row *row;

	if (builder->last != LAB_NOBODY)
		close_fold(builder, builder->last);
	if (actor > builder->of->scenario->context_count)
		actor = LAB_NOBODY;
	/* a crash is told by nobody: it struck whoever moved last */
	if (actor == LAB_NOBODY && story->count && !lab_story_step(story, lab_story_kept(story) - 1)->ended)
		actor = builder->last;
	if (actor != LAB_NOBODY)
		op = builder->contexts[actor].op;
	if (op && lab_blocks_got(&builder->blocks, op, finding, result, sizeof(result))) {
		row = add(builder, LAB_ROW_RESULT, actor, 0);
		row->marked = true;
		snprintf(row->text, sizeof(row->text), "→ %s", result);
	}
	row = add(builder, LAB_ROW_BROKEN, actor, 0);
	row->marked = true;
	snprintf(row->text, sizeof(row->text), "✗ %s %s%s", rule->id, rule->slug,
		 actor == LAB_NOBODY ? ", found when all was given back" : "");
}

enum lab_status lab_rows_make(const struct lab_rows_of *of, struct lab_rows *ret_rows)
{
	size_t kept = lab_story_kept(of->story);
	bool *matters = calloc(kept + 1, sizeof(*matters));
	struct builder builder = {
		.of = of,
		.rows = ret_rows,
		.contexts = calloc(of->scenario->context_count + 1, sizeof(*builder.contexts)),
		.last = LAB_NOBODY,
	};
	enum lab_status status = LAB_NO_MEMORY;

	*ret_rows = (struct lab_rows){.lost = lab_story_first(of->story) - 1};
	if (matters && builder.contexts && lab_blocks_init(&builder.blocks, of) &&
	    lab_story_weigh(of->story, matters) == LAB_OK) {
		for (size_t i = 0; i < kept; i++)
			add_step(&builder, lab_story_step(of->story, i), lab_story_first(of->story) + i, matters[i]);
		if (of->finding)
			add_broken(&builder);
		status = builder.failed ? LAB_NO_MEMORY : LAB_OK;
	}
	if (status != LAB_OK)
		lab_rows_free(ret_rows);
	lab_blocks_free(&builder.blocks);
	free(builder.contexts);
	free(matters);
	return status;
}

void lab_rows_free(struct lab_rows *rows)
{
	free(rows->list);
	*rows = (struct lab_rows){0};
}
