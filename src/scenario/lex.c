/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/lex.h"

#include <stdio.h>
#include <string.h>

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_sign(char c)
{
	return c && strchr("{};=+|*@:", c);
}

struct lab_token lab_lex(const struct lab_text *text, size_t offset)
{
	struct lab_token token = {.kind = LAB_TOKEN_END, .begins_line = offset == 0};
	size_t at = offset;

	for (; at < text->bytes; at++) {
		char c = text->text[at];

		if (c == '#')
			while (at + 1 < text->bytes && text->text[at + 1] != '\n')
				at++;
		else if (c == '\n')
			token.begins_line = true;
		else if (c != ' ' && c != '\t' && c != '\r')
			break;
	}
	token.offset = at;
	if (at == text->bytes)
		return token;
	token.bytes = 1;
	if (is_word_byte(text->text[at])) {
		token.kind = LAB_TOKEN_WORD;
		while (at + token.bytes < text->bytes && is_word_byte(text->text[at + token.bytes]))
			token.bytes++;
	} else {
		token.kind = is_sign(text->text[at]) ? LAB_TOKEN_SIGN : LAB_TOKEN_BAD;
	}
	return token;
}

bool lab_token_is(const struct lab_text *text, const struct lab_token *token, const char *word)
{
	return token->kind != LAB_TOKEN_END && strlen(word) == token->bytes &&
	       !memcmp(text->text + token->offset, word, token->bytes);
}

bool lab_token_number(const struct lab_text *text, const struct lab_token *token, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (token->kind != LAB_TOKEN_WORD)
		return false;
	for (size_t i = 0; i < token->bytes; i++) {
		char c = text->text[token->offset + i];

		if (c < '0' || c > '9')
			return false;
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (unsigned)(c - '0'), &number))
			number = UINT64_MAX;
	}
	*ret_number = number;
	return true;
}

void lab_text_position(const struct lab_text *text, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
	unsigned line = 1;
	size_t start = 0;

	for (size_t i = 0; i < offset; i++) {
		if (text->text[i] != '\n')
			continue;
		line++;
		start = i + 1;
	}
	*ret_line = line;
	*ret_column = (unsigned)(offset - start) + 1;
}

void lab_token_show(const struct lab_text *text, const struct lab_token *token, char *buffer, size_t room)
{
	size_t at = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < token->bytes && at + 1 < room; i++) {
		unsigned char c = (unsigned char)text->text[token->offset + i];

		at += (size_t)snprintf(buffer + at, room - at, c >= ' ' && c < 0x7f ? "%c" : "\\x%02x", c);
	}
}
