/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_CELL_H
#define LAB_ORACLE_CELL_H

#include "plat/atomic.h"

/*
 * What the oracle knows of one frame. `owner` moves free (0) to token and back by compare-and-swap; the other words are
 * written only by whoever owns the frame, so between two owners the target's own ordering is what orders them too. All
 * accesses are relaxed: the oracle must add no edge that would hide a missing one from ThreadSanitizer.
 */
struct lab_cell {
	lab_atomic64 owner;
	lab_atomic64 pattern; /* the token whose pattern was last written into the frame, by whomever; 0: none */
	lab_atomic64 facts;   /* LAB_CELL_* and, in a block's first frame, its number of views */
	lab_atomic64 last; /* who released it last: for what is told of a frame that is lost; nothing is judged by it */
};

#define LAB_CELL_TOUCHED  UINT64_C(1) /* the pattern was written since the frame was handed out */
#define LAB_CELL_SHREDDED UINT64_C(2) /* last released with the promise of a shredded frame */
#define LAB_CELL_HEAD     UINT64_C(4) /* the block's first frame */
#define LAB_CELL_VIEW     UINT64_C(8) /* times the number of views */

#endif
