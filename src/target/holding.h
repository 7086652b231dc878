/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_HOLDING_H
#define LAB_TARGET_HOLDING_H

#include <labyrinth/target.h>

/* What `locked` knows of a block in use, kept at its first frame. */
struct lab_holding {
	lab_owner owner;
	lab_gfp gfp;
	uint64_t views;
};

/* As the table's describe, for the byte at `member` of a frame's. */
enum lab_word lab_holding_describe(size_t frame, size_t member, char *text, size_t room);

#endif
