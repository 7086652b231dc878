/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_TEXT_H
#define LAB_STORY_TEXT_H

#include <stddef.h>

/* UTF-8 in columns: a character is one column wide. */

size_t lab_text_columns(const char *text);
/* The bytes of the text's first line when it may be `columns` wide: it breaks behind a space or the like if it can. */
size_t lab_text_line(const char *text, size_t columns);

#endif
