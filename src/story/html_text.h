/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_HTML_TEXT_H
#define LAB_STORY_HTML_TEXT_H

#include <stdio.h>

/* Puts text into a page as text. Names come from scenarios, targets, files and debugging information: any of them may
 * hold markup. Control characters are left out. */
void lab_html_text(FILE *out, const char *text);

#endif
