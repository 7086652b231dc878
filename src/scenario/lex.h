/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_LEX_H
#define LAB_SCENARIO_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The words of the text form: letters, digits, `_` and `-`; single signs; blanks and `#` comments between them. */
enum lab_token_kind {
	LAB_TOKEN_END,
	LAB_TOKEN_WORD,
	LAB_TOKEN_SIGN, /* one of { } ; = + | * @ : */
	LAB_TOKEN_BAD,  /* a byte that has no place in the text form */
};

struct lab_token {
	enum lab_token_kind kind;
	size_t offset, bytes;
	bool begins_line;
};

struct lab_text {
	const char *text;
	size_t bytes;
};

/* The first token at or behind an offset. */
struct lab_token lab_lex(const struct lab_text *text, size_t offset);

bool lab_token_is(const struct lab_text *text, const struct lab_token *token, const char *word);

/* True for a word of decimal digits alone; what is beyond 64 bits becomes UINT64_MAX. */
bool lab_token_number(const struct lab_text *text, const struct lab_token *token, uint64_t *ret_number);

/* The line and column of an offset, both from 1; a column is a byte. */
void lab_text_position(const struct lab_text *text, size_t offset, unsigned *ret_line, unsigned *ret_column);

/* The token as it is shown to people: cut to fit, other than printable bytes as \xNN. */
void lab_token_show(const struct lab_text *text, const struct lab_token *token, char *buffer, size_t room);

#endif
