/* SPDX-License-Identifier: Apache-2.0 */
#include "base/markup.h"

#include <string.h>

static void put(FILE *out, char c)
{
	switch (c) {
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '&':
		fputs("&amp;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		if ((unsigned char)c >= ' ' || c == '\n' || c == '\t')
			fputc(c, out);
	}
}

void lab_markup_bytes(FILE *out, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		put(out, text[i]);
}

void lab_markup_text(FILE *out, const char *text)
{
	lab_markup_bytes(out, text, strlen(text));
}
