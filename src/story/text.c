/* SPDX-License-Identifier: Apache-2.0 */
#include "story/text.h"

static int continues(char byte)
{
	return ((unsigned char)byte & 0xc0u) == 0x80u;
}

size_t lab_text_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += !continues(*text);
	return columns;
}

static int may_break_after(char byte)
{
	return byte == ' ' || byte == '|' || byte == '(' || byte == ',' || byte == '>';
}

size_t lab_text_line(const char *text, size_t columns)
{
	size_t at = 0, seen = 0, breaks = 0;

	while (text[at] && (continues(text[at]) || seen < columns)) {
		seen += !continues(text[at]);
		if (may_break_after(text[at]))
			breaks = at + 1;
		at++;
	}
	if (!text[at] || text[at] == ' ')
		return at;
	return breaks > at / 2 ? breaks : at; /* better a broken word than a line half empty */
}
