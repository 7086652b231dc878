/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/arrays.h"
#include "scenario/parser.h"
#include "scenario/words.h"

/* Letters, then a number below LAB_SLOT_COUNT, which is the slot; the letters are for people. */
static bool slot_of(const struct lab_parser *parser, uint8_t *ret_slot)
{
	struct lab_token token = lab_parse_peek(parser);
	const char *word = parser->text.text + token.offset;
	struct lab_token digits = token;
	uint64_t slot;

	if (token.kind != LAB_TOKEN_WORD)
		return false;
	while (digits.bytes && ((word[token.bytes - digits.bytes] | 0x20) >= 'a') &&
	       ((word[token.bytes - digits.bytes] | 0x20) <= 'z'))
		digits.bytes--;
	digits.offset += token.bytes - digits.bytes;
	if (!digits.bytes || digits.bytes == token.bytes || !lab_token_number(&parser->text, &digits, &slot) ||
	    slot >= LAB_SLOT_COUNT)
		return false;
	*ret_slot = (uint8_t)slot;
	return true;
}

static bool parse_slot(struct lab_parser *parser, struct lab_op *op)
{
	if (!slot_of(parser, &op->slot))
		return lab_parse_fail(parser, "a slot: letters, then 0..%u", LAB_SLOT_COUNT - 1);
	lab_parse_advance(parser);
	return true;
}

static bool parse_gfp(struct lab_parser *parser, lab_gfp *gfp)
{
	bool more;

	do {
		struct lab_token token = lab_parse_peek(parser);
		lab_gfp flags;

		if (token.kind != LAB_TOKEN_WORD ||
		    !lab_gfp_parse(parser->text.text + token.offset, token.bytes, &flags))
			return lab_parse_fail(parser,
					      "kernel, atomic, nowait, none, dma, high, memalloc, nomemalloc, direct, "
					      "noretry, nofail, zero, exclusive or shred");
		*gfp |= flags;
		lab_parse_advance(parser);
		more = lab_parse_at(parser, "|");
		if (more)
			lab_parse_advance(parser);
	} while (more);
	return true;
}

/* SLOT = alloc GFP ORDER */
static bool parse_alloc(struct lab_parser *parser, struct lab_op *op, struct lab_op_place *place)
{
	uint64_t order;

	op->kind = LAB_OP_ALLOC;
	if (!parse_slot(parser, op) || !lab_parse_sign(parser, "="))
		return false;
	if (!lab_parse_at(parser, "alloc"))
		return lab_parse_fail(parser, "alloc");
	lab_parse_advance(parser);
	place->operand = parser->token.offset;
	if (!parse_gfp(parser, &op->gfp))
		return false;
	place->last = parser->token.offset;
	if (!lab_parse_number(parser, UINT8_MAX, "an order", &order))
		return false;
	op->order = (uint8_t)order;
	return true;
}

/* A context is left open: it may stand further down. */
static bool parse_peer(struct lab_parser *parser, struct lab_op *op, enum lab_peer peer)
{
	uint64_t number = 0;

	switch (peer) {
	case LAB_PEER_CONTEXT:
	case LAB_PEER_HANDLER:
		if (lab_parse_peek(parser).kind != LAB_TOKEN_WORD)
			return lab_parse_fail(parser, "the name of a %s",
					      peer == LAB_PEER_CONTEXT ? "context" : "handler");
		lab_parse_advance(parser);
		return true;
	case LAB_PEER_ZONE:
		while (number < LAB_ZONE_COUNT && !lab_parse_at(parser, lab_zone_name((enum lab_zone)number)))
			number++;
		if (number == LAB_ZONE_COUNT)
			return lab_parse_fail(parser, "dma or normal");
		lab_parse_advance(parser);
		break;
	default:
		if (!lab_parse_number(parser, UINT16_MAX,
				      peer == LAB_PEER_LOCK   ? "a lock"
				      : peer == LAB_PEER_SPAN ? "a span"
							      : "a CPU",
				      &number))
			return false;
	}
	op->peer = (uint16_t)number;
	return true;
}

static bool parse_operands(struct lab_parser *parser, struct lab_op *op, struct lab_op_place *place)
{
	const struct lab_op_info *info = &lab_op_infos[op->kind];

	if (info->operands & LAB_TAKES_SLOT && !parse_slot(parser, op))
		return false;
	place->operand = parser->token.offset;
	if (info->peer != LAB_PEER_NONE && !parse_peer(parser, op, info->peer))
		return false;
	place->last = parser->token.offset;
	if (info->operands & LAB_TAKES_VALUE && !lab_parse_number(parser, UINT64_MAX, "frames", &op->value))
		return false;
	if (info->operands & LAB_TAKES_IRQ && lab_parse_at(parser, "irq")) {
		op->irq_save = true;
		lab_parse_advance(parser);
	}
	if (info->operands & LAB_TAKES_COMES) {
		op->comes = lab_parse_at(parser, "add");
		if (!op->comes && !lab_parse_at(parser, "remove"))
			return lab_parse_fail(parser, "add or remove");
		lab_parse_advance(parser);
	}
	return true;
}

bool lab_parse_op(struct lab_parser *parser)
{
	struct lab_op_place place = {.word = parser->token.offset};
	struct lab_op op = {.kind = LAB_OP_ALLOC};
	bool ok;

	do
		op.kind++;
	while (op.kind < LAB_OP_KIND_COUNT && !lab_parse_at(parser, lab_op_infos[op.kind].name));
	if (op.kind < LAB_OP_KIND_COUNT) {
		lab_parse_advance(parser);
		ok = parse_operands(parser, &op, &place);
	} else if (slot_of(parser, &op.slot)) {
		ok = parse_alloc(parser, &op, &place);
	} else {
		return lab_parse_fail(parser, "an operation (SLOT = alloc GFP ORDER, free SLOT, touch SLOT, ...) or }");
	}
	if (!ok || !lab_parse_sign(parser, ";"))
		return false;
	parser->ops =
		lab_array_grown(parser->ops, &parser->op_room, parser->scenario->op_count + 1, sizeof(*parser->ops));
	parser->ops[parser->scenario->op_count] = place;
	lab_scenario_add_op(parser->scenario, op);
	return true;
}
