/* SPDX-License-Identifier: Apache-2.0 */
#include "target/holding.h"

#include <stdio.h>

enum lab_word lab_holding_describe(size_t frame, size_t member, char *text, size_t room)
{
	if (member < offsetof(struct lab_holding, gfp)) {
		snprintf(text, room, "frame %zu owner", frame);
		return LAB_WORD_OWNER;
	}
	if (member < offsetof(struct lab_holding, views)) {
		snprintf(text, room, "frame %zu flags", frame);
		return LAB_WORD_BITS;
	}
	snprintf(text, room, "frame %zu views", frame);
	return LAB_WORD_NUMBER;
}
