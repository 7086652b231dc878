/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SYMBOLS_SYMBOLS_H
#define LAB_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

/*
 * What the file of a shared object tells people of its addresses, which are offsets from where it is loaded: from its
 * debugging information through elfutils, or from its symbol table where there is none.
 */
struct lab_symbols;

/* LAB_SYSTEM, LAB_INVALID: it cannot be read as an object. May sleep. */
LAB_MUST_USE enum lab_status lab_symbols_open(const char *file, struct lab_symbols **ret_symbols);
void lab_symbols_close(struct lab_symbols *symbols); /* NULL: nothing */

struct lab_source {
	char function[64]; /* "" not known; with an offset, "pop+0x1c", where the line is not known */
	char file[128];  /* relative to the current folder if it lies in there, else its last two names; "" not known */
	unsigned line;   /* 0: not known */
	char text[160];  /* of that line, without indentation; "" where the file is not at hand */
	char within[64]; /* the function that `function` was inlined into, at whatever depth; "": it was not */
};

/*
 * Where a call that returns to `offset` was made, or an instruction that ends there. An inlined function that only
 * wraps an atomic operation says less than its caller does, which is told instead. False: nothing is known. The answer
 * lives as long as `symbols`. May sleep.
 */
bool lab_symbols_source(struct lab_symbols *symbols, uintptr_t offset, const struct lab_source **ret_source);

/* Names a variable: "pool.free+0x8" is the ninth byte of it. False: none lies there. May sleep. */
bool lab_symbols_variable(struct lab_symbols *symbols, uintptr_t offset, char *text, size_t room);

#endif
