/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_BASE_MARKUP_H
#define LAB_BASE_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/* Text into HTML, as content or in a quoted attribute: names come from scenarios, targets and files, and any of them
 * may hold markup. Control characters but tab and newline are left out. */
void lab_markup_text(FILE *out, const char *text);
void lab_markup_bytes(FILE *out, const char *text, size_t bytes);

#endif
