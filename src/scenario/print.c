/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>

#include "base/bits.h"
#include "scenario/text.h"
#include "scenario/words.h"

/* A string being put together in a buffer that may be too small. */
struct line {
	char *buffer;
	size_t room, at;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *format, ...)
{
	va_list list;
	int more;

	va_start(list, format);
	more = vsnprintf(line->buffer + line->at, line->room - line->at, format, list);
	va_end(list);
	line->at = LAB_MIN(line->at + (size_t)LAB_MAX(more, 0), line->room - 1);
}

static void add_peer(struct line *line, const struct lab_scenario *scenario, const struct lab_op *op)
{
	switch (lab_op_infos[op->kind].peer) {
	case LAB_PEER_NONE:
		break;
	case LAB_PEER_CONTEXT:
	case LAB_PEER_HANDLER:
		if (op->peer < scenario->context_count)
			add(line, " %s", scenario->contexts[op->peer].name);
		else
			add(line, " context-%u", op->peer);
		break;
	case LAB_PEER_ZONE:
		add(line, " %s", lab_zone_name(op->peer ? LAB_ZONE_NORMAL : LAB_ZONE_DMA));
		break;
	case LAB_PEER_LOCK:
	case LAB_PEER_CPU:
	case LAB_PEER_SPAN:
		add(line, " %u", op->peer);
		break;
	}
}

void lab_op_format(const struct lab_scenario *scenario, const struct lab_op *op, char *buffer, size_t room)
{
	struct line line = {.buffer = buffer, .room = room};
	const struct lab_op_info *info;
	char gfp[128];

	if (!room)
		return;
	if ((unsigned)op->kind >= LAB_OP_KIND_COUNT) {
		add(&line, "operation-%u", op->kind);
		return;
	}
	info = &lab_op_infos[op->kind];
	if (op->kind == LAB_OP_ALLOC) {
		lab_gfp_format(op->gfp, gfp, sizeof(gfp));
		add(&line, "s%u = alloc %s %u", op->slot, gfp, op->order);
		return;
	}
	add(&line, "%s", info->name);
	if (info->operands & LAB_TAKES_SLOT)
		add(&line, " s%u", op->slot);
	add_peer(&line, scenario, op);
	if (info->operands & LAB_TAKES_VALUE)
		add(&line, " %" PRIu64, op->value);
	if (op->irq_save)
		add(&line, " irq");
	if (info->operands & LAB_TAKES_COMES)
		add(&line, op->comes ? " add" : " remove");
}

/* The hole between a span and the next one of its zone, which no other zone's span breaks. */
static bool hole_behind(const struct lab_scenario_machine *machine, size_t i, uint64_t *ret_first)
{
	*ret_first = machine->spans[i].first_frame + machine->spans[i].frame_count;
	return i + 1 < machine->span_count && machine->spans[i + 1].zone == machine->spans[i].zone;
}

static void print_machine(const struct lab_scenario_machine *machine, FILE *out)
{
	uint64_t first;

	fprintf(out, "machine frames=%" PRIu64, machine->frame_count);
	for (size_t i = 0; i < machine->span_count; i++)
		if (hole_behind(machine, i, &first))
			fprintf(out, " hole=%" PRIu64 "+%" PRIu64, first, machine->spans[i + 1].first_frame - first);
	fprintf(out, " cpus=%u order-max=%u", machine->cpu_count, machine->order_max);
	if (machine->page_shift != LAB_PAGE_SHIFT_MIN)
		fprintf(out, " page-shift=%u", machine->page_shift);
	fputc('\n', out);
}

static void print_zone(const struct lab_scenario_machine *machine, enum lab_zone zone, FILE *out)
{
	const struct lab_zone_marks *marks = &machine->zones[zone];
	uint64_t first = 0, end;
	bool open = false;

	if (!marks->frames)
		return;
	fprintf(out, "zone %s", lab_zone_name(zone));
	/* A range runs over holes, until another zone's span or the end. */
	for (size_t i = 0; i < machine->span_count; i++) {
		if (machine->spans[i].zone != zone)
			continue;
		if (!open)
			first = machine->spans[i].first_frame;
		open = hole_behind(machine, i, &end);
		if (!open)
			fprintf(out, " frames=%" PRIu64 "+%" PRIu64, first, end - first);
	}
	fprintf(out, " min=%" PRIu64 " low=%" PRIu64 " high=%" PRIu64 " reserve=%" PRIu64 "\n", marks->min, marks->low,
		marks->high, marks->lowmem_reserve[LAB_ZONE_NORMAL]);
}

static void print_context(const struct lab_scenario *scenario, size_t index, FILE *out)
{
	const struct lab_scenario_context *context = &scenario->contexts[index];
	char op[256];

	fprintf(out, "%s %s cpu=%u {", lab_context_kind_name(context->kind), context->name, context->cpu);
	for (size_t i = 0; i < context->op_count; i++) {
		lab_op_format(scenario, &scenario->ops[context->first_op + i], op, sizeof(op));
		fprintf(out, "\n\t%s;", op);
	}
	fputs(context->op_count ? "\n}\n" : " }\n", out);
}

static void print_schedule(const struct lab_scenario *scenario, FILE *out)
{
	const unsigned directives_a_line = 8, bytes_a_line = 32;

	for (size_t i = 0; i < scenario->directive_count; i++) {
		const struct lab_directive *directive = &scenario->directives[i];
		bool last = i + 1 == scenario->directive_count || (i + 1) % directives_a_line == 0;

		fprintf(out, "%s%s", i % directives_a_line ? " " : "schedule ",
			scenario->contexts[directive->context].name);
		if (directive->kind == LAB_DIRECTIVE_RUN)
			fputc('*', out);
		else if (directive->kind == LAB_DIRECTIVE_FIRE_AT)
			fprintf(out, "@%s:", scenario->contexts[directive->host].name);
		if (directive->count)
			fprintf(out, "%" PRIu32, directive->count);
		if (last)
			fputc('\n', out);
	}
	for (size_t i = 0; i < scenario->schedule_bytes; i++) {
		bool last = i + 1 == scenario->schedule_bytes || (i + 1) % bytes_a_line == 0;

		fprintf(out, "%s%02x%s", i % bytes_a_line ? " " : "schedule bytes ", scenario->schedule[i],
			last ? "\n" : "");
	}
}

void lab_scenario_print(const struct lab_scenario *scenario, FILE *out)
{
	print_machine(&scenario->machine, out);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		print_zone(&scenario->machine, (enum lab_zone)zone, out);
	for (size_t i = 0; i < scenario->context_count; i++)
		print_context(scenario, i, out);
	print_schedule(scenario, out);
}
