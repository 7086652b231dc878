/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_HTML_H
#define LAB_STORY_HTML_H

#include <stdio.h>

#include "story/rows.h"

/* What the page says besides its rows. */
struct lab_html {
	const char *target, *artifact, *command; /* command: that runs it again */
};

/*
 * Prints one page that needs nothing else: the verdict, how to reproduce it, and the rows in a column a context with
 * the source lines beside them; on a narrow screen one below the other. Rows made with `all` can be unfolded there.
 */
void lab_html_print(FILE *out, const struct lab_rows_of *of, const struct lab_rows *rows, const struct lab_html *page);

/* html_style.c */
extern const char lab_html_style[];

#endif
