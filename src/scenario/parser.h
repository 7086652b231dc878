/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_PARSER_H
#define LAB_SCENARIO_PARSER_H

#include "scenario/lex.h"
#include "scenario/mend.h"
#include "scenario/spans.h"
#include "scenario/text.h"

/*
 * The text form's parser, in three steps: statements (parse.c, parse_machine.c) and operations (parse_op.c) are read
 * with names left open and numbers as they stand; then names are resolved and what the mender would change is told as
 * an error (parse_check.c). For that, each thing remembers where in the text it came from.
 */
struct lab_op_place {
	size_t word, operand, last; /* operand: flags, peer or value; last: what follows it */
};

struct lab_context_place {
	size_t name, cpu, end;
};

struct lab_directive_place {
	size_t context, host, count;
};

struct lab_parser {
	struct lab_text text;
	struct lab_token token; /* the next one */
	size_t behind;          /* end of the one before it */
	bool in_line;           /* the statement ends with its line */
	struct lab_scenario *scenario;
	struct lab_text_error *error;

	bool machine_seen, zone_seen[LAB_ZONE_COUNT];
	size_t machine_place, zone_place[LAB_ZONE_COUNT][LAB_FIELD_KINDS];
	struct lab_span_list spans, holes;

	struct lab_op_place *ops;
	struct lab_context_place *contexts;
	struct lab_directive_place *directives;
	size_t op_room, context_room, directive_room;
};

/* The steps below answer false after an error, which is filled in once, at the first. */
bool lab_parse_fail(struct lab_parser *parser, const char *expected, ...) __attribute__((format(printf, 2, 3)));
bool lab_parse_fail_at(struct lab_parser *parser, size_t offset, const char *expected, ...)
	__attribute__((format(printf, 3, 4)));

/* The next token; past the end of the line, in a statement that ends there, it is an END. */
struct lab_token lab_parse_peek(const struct lab_parser *parser);
void lab_parse_advance(struct lab_parser *parser);
/* Advances past the keyword of a statement that ends with its line. */
void lab_parse_line(struct lab_parser *parser);
bool lab_parse_at(const struct lab_parser *parser, const char *word);
bool lab_parse_sign(struct lab_parser *parser, const char *sign);
/* A number; more than `most` becomes `most`. */
bool lab_parse_number(struct lab_parser *parser, uint64_t most, const char *what, uint64_t *ret_number);

bool lab_parse_machine(struct lab_parser *parser);
bool lab_parse_zone(struct lab_parser *parser);
bool lab_parse_op(struct lab_parser *parser);
/* At the end of the text. */
bool lab_parse_check(struct lab_parser *parser);

#endif
