/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_REPORT_EMIT_H
#define LAB_REPORT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * One set of calls prints a table for people or JSON lines for programs: a record has a kind and fields; every JSON
 * record carries "schema": 1 and "kind". The same calls build one JSON document (--json FILE): an object whose members
 * are the records by kind, an array where a kind came more than once. Memory that runs out ends the program.
 */
enum lab_format { LAB_FORMAT_TEXT, LAB_FORMAT_JSONL };

struct lab_emit;

/* Records go to `out`, which stays the caller's, each at its lab_emit_end. */
struct lab_emit *lab_emit_open(FILE *out, enum lab_format format);
/* Records are kept for lab_emit_document. */
struct lab_emit *lab_emit_open_document(void);
void lab_emit_close(struct lab_emit *emit);

void lab_emit_begin(struct lab_emit *emit, const char *kind); /* a record; in text its title */
void lab_emit_end(struct lab_emit *emit);
void lab_emit_group(struct lab_emit *emit, const char *name); /* a nested object */
void lab_emit_group_end(struct lab_emit *emit);
void lab_emit_text(struct lab_emit *emit, const char *name, const char *value);
void lab_emit_u64(struct lab_emit *emit, const char *name, uint64_t value);
void lab_emit_real(struct lab_emit *emit, const char *name, double value, unsigned decimals);
void lab_emit_bool(struct lab_emit *emit, const char *name, bool value);
/* A list of texts; in text one a line. */
void lab_emit_list(struct lab_emit *emit, const char *name, const char *const *values, size_t count);

/* The document of all records so far, with a newline at its end; valid until the next call with this emitter. */
const char *lab_emit_document(struct lab_emit *emit, size_t *ret_bytes);

#endif
