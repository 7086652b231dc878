/* SPDX-License-Identifier: Apache-2.0 */
#include "story/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/words.h"
#include "story/tell.h"

void lab_verdict_print_machine(FILE *out, const struct lab_scenario *scenario)
{
	const struct lab_scenario_machine *machine = &scenario->machine;

	fprintf(out, "machine: %" PRIu64 " frames of %" PRIu64 " bytes, %u CPU%s, blocks up to order %u",
		machine->frame_count, UINT64_C(1) << machine->page_shift, machine->cpu_count,
		machine->cpu_count == 1 ? "" : "s", machine->order_max);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		const struct lab_zone_marks *marks = &machine->zones[zone];

		if (marks->frames)
			fprintf(out, "; zone %s: %" PRIu64 " frames, min %" PRIu64 ", low %" PRIu64 ", high %" PRIu64,
				lab_zone_name((enum lab_zone)zone), marks->frames, marks->min, marks->low, marks->high);
	}
	fputc('\n', out);
}

void lab_verdict_row(const struct lab_rows *rows, size_t at, char *text, size_t room)
{
	const struct lab_row *row = &rows->list[at], *op = NULL;

	for (size_t i = at; row->kind == LAB_ROW_RESULT && i-- > 0 && !op;)
		if (rows->list[i].kind == LAB_ROW_OP && rows->list[i].context == row->context)
			op = &rows->list[i];
	snprintf(text, room, "%s%s%s", op ? op->text : "", op ? " " : "", row->text);
}

/* The lines behind "at code 0x1f30": of a data race, which has two, the table has the later one at most. */
static void print_codes(FILE *out, const char *detail, struct lab_symbols *symbols)
{
	static const char mark[] = "at code 0x";
	const struct lab_source *source;

	for (const char *at = strstr(detail, mark); at && symbols; at = strstr(at, mark)) {
		char *end;

		at += sizeof(mark) - 1;
		if (lab_symbols_source(symbols, (uintptr_t)strtoull(at, &end, 16), &source) && source->line)
			fprintf(out, "code 0x%.*s: %s, %s:%u: %s\n", (int)(end - at), at, source->function,
				source->file, source->line, source->text);
	}
}

void lab_verdict_print(FILE *out, const struct lab_rows_of *of, const struct lab_rows *rows)
{
	const struct lab_rule_info *rule;

	if (!of->finding)
		return;
	rule = lab_rule_info(of->finding->rule);
	fprintf(out, "%s asks: %s. Here: %s\n", rule->id, rule->summary, of->finding->detail);
	print_codes(out, of->finding->detail, of->symbols);
	for (size_t i = 0; i < rows->count; i++) {
		const struct lab_row *row = &rows->list[i];
		char name[48], text[2 * sizeof(row->text)];

		if (!row->marked || row->kind == LAB_ROW_BROKEN)
			continue;
		lab_tell_context(of->scenario, row->context, name, sizeof(name));
		lab_verdict_row(rows, i, text, sizeof(text));
		if (row->step)
			fprintf(out, "▶ step %" PRIu64 ": %s: %s\n", row->step, name, text);
		else
			fprintf(out, "▶ in the end: %s: %s\n", name, text);
	}
}
