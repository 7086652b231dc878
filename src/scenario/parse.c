/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "scenario/arrays.h"
#include "scenario/parser.h"
#include "scenario/words.h"

static bool fail(struct lab_parser *parser, size_t offset, const struct lab_token *token, const char *expected,
		 va_list list)
{
	struct lab_text_error *error = parser->error;

	lab_text_position(&parser->text, offset, &error->line, &error->column);
	lab_token_show(&parser->text, token, error->word, sizeof(error->word));
	vsnprintf(error->expected, sizeof(error->expected), expected, list);
	return false;
}

bool lab_parse_fail(struct lab_parser *parser, const char *expected, ...)
{
	struct lab_token token = lab_parse_peek(parser);
	va_list list;

	va_start(list, expected);
	fail(parser, token.offset, &token, expected, list);
	va_end(list);
	return false;
}

bool lab_parse_fail_at(struct lab_parser *parser, size_t offset, const char *expected, ...)
{
	struct lab_token token = lab_lex(&parser->text, offset);
	va_list list;

	va_start(list, expected);
	fail(parser, offset, &token, expected, list);
	va_end(list);
	return false;
}

struct lab_token lab_parse_peek(const struct lab_parser *parser)
{
	if (parser->in_line && parser->token.begins_line)
		return (struct lab_token){.kind = LAB_TOKEN_END, .offset = parser->behind};
	return parser->token;
}

void lab_parse_advance(struct lab_parser *parser)
{
	parser->behind = parser->token.offset + parser->token.bytes;
	parser->token = lab_lex(&parser->text, parser->behind);
}

void lab_parse_line(struct lab_parser *parser)
{
	lab_parse_advance(parser);
	parser->in_line = true;
}

bool lab_parse_at(const struct lab_parser *parser, const char *word)
{
	struct lab_token token = lab_parse_peek(parser);

	return lab_token_is(&parser->text, &token, word);
}

bool lab_parse_sign(struct lab_parser *parser, const char *sign)
{
	if (!lab_parse_at(parser, sign))
		return lab_parse_fail(parser, "%s", sign);
	lab_parse_advance(parser);
	return true;
}

bool lab_parse_number(struct lab_parser *parser, uint64_t most, const char *what, uint64_t *ret_number)
{
	struct lab_token token = lab_parse_peek(parser);
	uint64_t number;

	if (!lab_token_number(&parser->text, &token, &number))
		return lab_parse_fail(parser, "%s, a number", what);
	lab_parse_advance(parser);
	*ret_number = number < most ? number : most;
	return true;
}

static bool parse_name(struct lab_parser *parser, struct lab_scenario_context *context)
{
	struct lab_token token = lab_parse_peek(parser);
	const char *name = parser->text.text + token.offset;

	if (token.kind != LAB_TOKEN_WORD || !lab_name_valid(name, token.bytes))
		return lab_parse_fail(parser, "a name: a letter, then letters, digits, _ and -, at most %u in all",
				      LAB_NAME_BYTES - 1);
	for (size_t i = 0; i + 1 < parser->scenario->context_count; i++)
		if (lab_token_is(&parser->text, &token, parser->scenario->contexts[i].name))
			return lab_parse_fail(parser, "a name that no other context has");
	memcpy(context->name, name, token.bytes);
	lab_parse_advance(parser);
	return true;
}

static bool parse_context(struct lab_parser *parser, enum lab_context_kind kind)
{
	struct lab_scenario *scenario = parser->scenario;
	struct lab_scenario_context *context;
	struct lab_context_place *place;
	uint64_t cpu = 0;

	if (scenario->context_count == LAB_CONTEXT_MAX)
		return lab_parse_fail(parser, "at most %u contexts", LAB_CONTEXT_MAX);
	lab_parse_advance(parser);
	context = lab_scenario_add_context(scenario);
	context->kind = kind;
	parser->contexts = lab_array_grown(parser->contexts, &parser->context_room, scenario->context_count,
					   sizeof(*parser->contexts));
	place = &parser->contexts[scenario->context_count - 1];
	place->name = place->cpu = parser->token.offset;
	if (!parse_name(parser, context))
		return false;
	if (lab_parse_at(parser, "cpu")) {
		lab_parse_advance(parser);
		if (!lab_parse_sign(parser, "="))
			return false;
		place->cpu = parser->token.offset;
		if (!lab_parse_number(parser, LAB_CPU_MAX, "a CPU", &cpu))
			return false;
		context->cpu = (unsigned)cpu;
	}
	if (!lab_parse_at(parser, "{"))
		return lab_parse_fail(parser, "cpu= or {");
	lab_parse_advance(parser);
	while (!lab_parse_at(parser, "}"))
		if (!lab_parse_op(parser))
			return false;
	place->end = parser->token.offset;
	lab_parse_advance(parser);
	return true;
}

static bool parse_bytes(struct lab_parser *parser)
{
	struct lab_token token;

	lab_parse_advance(parser);
	do {
		const char *word;
		char hex[3] = {0}, *end = hex;
		uint8_t byte = 0;

		token = lab_parse_peek(parser);
		word = parser->text.text + token.offset;
		if (token.kind == LAB_TOKEN_WORD && token.bytes == 2) {
			memcpy(hex, word, 2);
			byte = (uint8_t)strtoul(hex, &end, 16);
		}
		/* strtoul would take a sign, which the length alone does not exclude. */
		if (end != hex + 2 || hex[0] == '-')
			return lab_parse_fail(parser, "a byte, two hexadecimal digits");
		lab_scenario_add_schedule(parser->scenario, &byte, 1);
		lab_parse_advance(parser);
	} while (lab_parse_peek(parser).kind != LAB_TOKEN_END);
	return true;
}

static bool parse_directive(struct lab_parser *parser)
{
	struct lab_directive directive = {.kind = LAB_DIRECTIVE_FIRE};
	size_t index = parser->scenario->directive_count;
	struct lab_directive_place *place;
	struct lab_token token = lab_parse_peek(parser);
	uint64_t count = 0;

	if (token.kind != LAB_TOKEN_WORD)
		return lab_parse_fail(parser, "a context: TASK*, TASK*COUNT, HANDLER or HANDLER@HOST:EVENT");
	parser->directives =
		lab_array_grown(parser->directives, &parser->directive_room, index + 1, sizeof(*parser->directives));
	place = &parser->directives[index];
	*place = (struct lab_directive_place){.context = token.offset, .host = token.offset, .count = token.offset};
	lab_parse_advance(parser);
	if (lab_parse_at(parser, "*")) {
		directive.kind = LAB_DIRECTIVE_RUN;
		lab_parse_advance(parser);
		token = lab_parse_peek(parser);
		if (lab_token_number(&parser->text, &token, &count)) {
			if (!count || count > UINT32_MAX)
				return lab_parse_fail(parser, "a count of operations, 1..%u", UINT32_MAX);
			lab_parse_advance(parser);
		}
	} else if (lab_parse_at(parser, "@")) {
		directive.kind = LAB_DIRECTIVE_FIRE_AT;
		lab_parse_advance(parser);
		place->host = lab_parse_peek(parser).offset;
		if (lab_parse_peek(parser).kind != LAB_TOKEN_WORD)
			return lab_parse_fail(parser, "the context that is interrupted");
		lab_parse_advance(parser);
		if (!lab_parse_sign(parser, ":"))
			return false;
		token = lab_parse_peek(parser);
		if (!lab_token_number(&parser->text, &token, &count) || !count || count > UINT32_MAX)
			return lab_parse_fail(parser, "an event, 1..%u", UINT32_MAX);
		lab_parse_advance(parser);
	}
	directive.count = (uint32_t)count;
	lab_scenario_add_directive(parser->scenario, directive);
	return true;
}

static bool parse_schedule(struct lab_parser *parser)
{
	lab_parse_line(parser);
	if (lab_parse_at(parser, "bytes"))
		return parse_bytes(parser);
	do
		if (!parse_directive(parser))
			return false;
	while (lab_parse_peek(parser).kind != LAB_TOKEN_END);
	return true;
}

static bool parse_statement(struct lab_parser *parser)
{
	parser->in_line = false;
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		if (parser->machine_seen && lab_parse_at(parser, lab_context_kind_name((enum lab_context_kind)kind)))
			return parse_context(parser, (enum lab_context_kind)kind);
	if (!parser->machine_seen && !lab_parse_at(parser, "machine"))
		return lab_parse_fail(parser, "machine, as the first statement");
	if (lab_parse_at(parser, "machine"))
		return lab_parse_machine(parser);
	if (lab_parse_at(parser, "zone"))
		return lab_parse_zone(parser);
	if (lab_parse_at(parser, "schedule"))
		return parse_schedule(parser);
	return lab_parse_fail(parser, "zone, task, softirq, hardirq, nmi or schedule");
}

enum lab_status lab_scenario_parse(const char *text, size_t bytes, struct lab_scenario *ret_scenario,
				   struct lab_text_error *ret_error)
{
	struct lab_parser parser = {
		.text = {.text = text, .bytes = bytes}, .scenario = ret_scenario, .error = ret_error};
	bool ok = true;

	lab_scenario_clear(ret_scenario);
	parser.token = lab_lex(&parser.text, 0);
	while (ok && parser.token.kind != LAB_TOKEN_END)
		ok = parse_statement(&parser);
	parser.in_line = false;
	ok = ok && lab_parse_check(&parser);
	free(parser.ops);
	free(parser.contexts);
	free(parser.directives);
	if (!ok)
		lab_scenario_clear(ret_scenario);
	return ok ? LAB_OK : LAB_INVALID;
}
