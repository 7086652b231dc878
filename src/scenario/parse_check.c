/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/bits.h"
#include "scenario/parser.h"
#include "scenario/words.h"

static bool resolve(struct lab_parser *parser, size_t place, uint16_t *ret_context)
{
	struct lab_token token = lab_lex(&parser->text, place);

	for (size_t i = 0; i < parser->scenario->context_count; i++) {
		if (!lab_token_is(&parser->text, &token, parser->scenario->contexts[i].name))
			continue;
		*ret_context = (uint16_t)i;
		return true;
	}
	return lab_parse_fail_at(parser, place, "the name of a context");
}

static bool resolve_names(struct lab_parser *parser)
{
	struct lab_scenario *scenario = parser->scenario;

	for (size_t i = 0; i < scenario->op_count; i++) {
		enum lab_peer peer = lab_op_infos[scenario->ops[i].kind].peer;

		if (peer != LAB_PEER_CONTEXT && peer != LAB_PEER_HANDLER)
			continue;
		if (!resolve(parser, parser->ops[i].operand, &scenario->ops[i].peer))
			return false;
	}
	for (size_t i = 0; i < scenario->directive_count; i++) {
		struct lab_directive *directive = &scenario->directives[i];

		if (!resolve(parser, parser->directives[i].context, &directive->context))
			return false;
		if (directive->kind == LAB_DIRECTIVE_FIRE_AT &&
		    !resolve(parser, parser->directives[i].host, &directive->host))
			return false;
	}
	return true;
}

/* Ranges minus holes are the spans; without a zone statement all frames are NORMAL. */
static bool finish_machine(struct lab_parser *parser)
{
	struct lab_scenario_machine *machine = &parser->scenario->machine;
	bool room = true;

	if (!parser->zone_seen[LAB_ZONE_DMA] && !parser->zone_seen[LAB_ZONE_NORMAL])
		room &= lab_spans_paint(&parser->spans, 0, machine->frame_count, LAB_ZONE_NORMAL);
	for (size_t i = 0; i < parser->holes.count; i++)
		room &= lab_spans_paint(&parser->spans, parser->holes.at[i].first_frame,
					parser->holes.at[i].frame_count, LAB_SPAN_HOLE);
	if (!room || parser->spans.count > LAB_SPAN_MAX)
		return lab_parse_fail_at(parser, parser->machine_place,
					 "a machine of at most %u spans between its holes", LAB_SPAN_MAX);
	if (!parser->spans.count)
		return lab_parse_fail_at(parser, parser->machine_place, "a machine with a frame that is no hole");
	lab_spans_store(&parser->spans, machine);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_zone_marks *marks = &machine->zones[zone];

		/* What was not given follows min as it does by default in Linux. */
		if (marks->low == UINT64_MAX)
			marks->low = LAB_MIN(marks->min + marks->min / 4, marks->frames);
		if (marks->high == UINT64_MAX)
			marks->high = LAB_MAX(LAB_MIN(marks->min + marks->min / 2, marks->frames), marks->low);
	}
	return true;
}

static size_t op_place(const struct lab_parser *parser, const struct lab_flaw *flaw)
{
	const struct lab_op_place *place = &parser->ops[flaw->index];

	switch (flaw->field) {
	case LAB_FIELD_GFP:
	case LAB_FIELD_PEER:
		return place->operand;
	case LAB_FIELD_ORDER:
	case LAB_FIELD_VALUE:
	case LAB_FIELD_IRQ:
		return place->last;
	default:
		return place->word;
	}
}

static size_t context_place(const struct lab_parser *parser, const struct lab_flaw *flaw)
{
	const struct lab_context_place *place = &parser->contexts[flaw->index];

	switch (flaw->field) {
	case LAB_FIELD_CPU:
		return place->cpu;
	case LAB_FIELD_END:
		return place->end;
	case LAB_FIELD_KIND: /* the numbers fit by construction: no context is a task */
		return parser->text.bytes;
	default:
		return place->name;
	}
}

/* Where in the text a flaw is. */
static size_t flaw_place(const struct lab_parser *parser, const struct lab_flaw *flaw)
{
	const struct lab_directive_place *directive;

	switch (flaw->part) {
	case LAB_PART_ZONE:
		return parser->zone_place[flaw->index][flaw->field];
	case LAB_PART_CONTEXT:
		return context_place(parser, flaw);
	case LAB_PART_OP:
		return op_place(parser, flaw);
	case LAB_PART_DIRECTIVE:
		directive = &parser->directives[flaw->index];
		return flaw->field == LAB_FIELD_HOST    ? directive->host
		       : flaw->field == LAB_FIELD_COUNT ? directive->count
							: directive->context;
	default:
		return parser->machine_place;
	}
}

bool lab_parse_check(struct lab_parser *parser)
{
	struct lab_flaw flaw;

	if (!parser->machine_seen)
		return lab_parse_fail(parser, "machine, as the first statement");
	if (!parser->scenario->context_count)
		return lab_parse_fail(parser, "a task");
	if (!finish_machine(parser) || !resolve_names(parser))
		return false;
	lab_scenario_find_flaw(parser->scenario, &flaw);
	if (!flaw.found)
		return true;
	return lab_parse_fail_at(parser, flaw_place(parser, &flaw), "%s", flaw.expected);
}
