/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_CORE_TABLES_H
#define LAB_TARGET_CORE_TABLES_H

#include <labyrinth/arena.h>

/*
 * The tables of an arena's metadata, each in a block of its own from malloc. In one piece of memory the end of a table
 * is the begin of the next, and who reads or writes behind it is seen by nobody. Apart they are blocks to whoever
 * watches malloc: AddressSanitizer, and the deterministic engine.
 */
struct lab_core_tables {
	void *blocks[12];
};

/*
 * Copies the tables and points the handle at the copies; the metadata that it pointed at is not needed any more. For
 * an arena that nobody uses yet. LAB_SYSTEM: no memory; the handle is as it was.
 */
LAB_MUST_USE enum lab_status lab_core_tables_part(struct lab_arena *arena, struct lab_core_tables *ret_tables);
void lab_core_tables_free(struct lab_core_tables *tables);

#endif
