/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_PAGEMAP_H
#define LAB_ORACLE_PAGEMAP_H

#include <labyrinth/status.h>

#include "oracle/cell.h"

/*
 * The shadow of blocks that lie anywhere: one cell for each page number ever seen, in a lock-free hash table of
 * liburcu's (cds_lfht). Made for use from signal handlers at any instruction:
 *
 * - nodes come from a pool mapped at creation, and the table has a fixed size, so nothing is allocated or resized;
 * - a page stays in the table until lab_pagemap_clear, which is called at quiescence only: its cell's owner word alone
 *   says whether it is owned. So no reader ever meets a node that goes away, which is what read-side sections and grace
 *   periods would be for, and neither a handler nor a thread has to register with liburcu;
 * - all accesses of ours to a node are relaxed atomics: liburcu's own ordering is invisible to ThreadSanitizer, and
 *   must be, or it would order the callers.
 */
struct lab_pagemap;

/* frame_count: how many pages may be owned at once. LAB_SYSTEM: errno. May sleep. */
LAB_MUST_USE enum lab_status lab_pagemap_create(uint64_t frame_count, struct lab_pagemap **ret_map);
void lab_pagemap_destroy(struct lab_pagemap *map);

/* The page's cell, or NULL if it was never added. Lock-free. */
struct lab_cell *lab_pagemap_find(struct lab_pagemap *map, uint64_t page);

/* The page's cell, added if it is new; NULL when the pool is empty. Lock-free. */
struct lab_cell *lab_pagemap_add(struct lab_pagemap *map, uint64_t page);

/* Forgets all pages. At quiescence only. */
void lab_pagemap_clear(struct lab_pagemap *map);

#endif
