/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SYMBOLS_SOURCE_FILE_H
#define LAB_SYMBOLS_SOURCE_FILE_H

#include "symbols/symbols.h"

/* True for a header of which people know what it does: one of the system's, or one of atomics. */
bool lab_source_is_wrapper(const char *file);

/* Copies a line without the white space around it; control characters, which a terminal would obey, become spaces. */
void lab_source_keep(const char *line, char *text, size_t room);

/* Fills in the file as it is shown, and the text of source->line. `folder`: where the compiler ran, or NULL. */
void lab_source_find(const char *folder, const char *file, struct lab_source *source);

#endif
