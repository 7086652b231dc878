/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_COLUMNS_H
#define LAB_STORY_COLUMNS_H

#include <stdio.h>

#include "story/rows.h"

struct lab_columns {
	unsigned width;    /* of a line */
	bool colour;       /* a terminal that understands it */
	size_t rows_most;  /* 0: all; else the last so many */
	const char *whole; /* the command that shows all */
};

/*
 * Prints the machine, the rows, a column a context with the source lines beside them, or one below the other where the
 * columns find no room, and what broke.
 */
void lab_columns_print(FILE *out, const struct lab_rows_of *of, const struct lab_rows *rows,
		       const struct lab_columns *columns);

#endif
