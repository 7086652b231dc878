/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "scenario/text.h"

/* In printing order; the composites come first, so that each flag is told by the greatest word that has it. */
static const struct {
	const char *word;
	lab_gfp flags;
} words[] = {
	{"kernel", LAB_GFP_KERNEL},
	{"atomic", LAB_GFP_ATOMIC},
	{"nowait", LAB_GFP_NOWAIT},
	{"kswapd", LAB_GFP_KSWAPD_RECLAIM},
	{"direct", LAB_GFP_DIRECT_RECLAIM},
	{"dma", LAB_GFP_DMA},
	{"high", LAB_GFP_HIGH},
	{"memalloc", LAB_GFP_MEMALLOC},
	{"nomemalloc", LAB_GFP_NOMEMALLOC},
	{"noretry", LAB_GFP_NORETRY},
	{"nofail", LAB_GFP_NOFAIL},
	{"zero", LAB_GFP_ZERO},
	{"exclusive", LAB_GFP_EXCLUSIVE},
	{"shred", LAB_GFP_SHRED},
};

void lab_gfp_format(lab_gfp gfp, char *buffer, size_t room)
{
	lab_gfp left = gfp;
	size_t at = 0;

	if (!gfp)
		snprintf(buffer, room, "none");
	for (size_t i = 0; i < LAB_ARRAY_COUNT(words) && at < room; i++) {
		if ((left & words[i].flags) != words[i].flags)
			continue;
		left &= ~words[i].flags;
		at += (size_t)snprintf(buffer + at, room - at, "%s%s", at ? "|" : "", words[i].word);
	}
	/* Bits that no flag has do not parse again, but a log should not hide them. */
	if (left && at < room)
		snprintf(buffer + at, room - at, "%s0x%x", at ? "|" : "", left);
}

static bool parse_word(const char *text, size_t bytes, lab_gfp *gfp)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(words); i++) {
		if (strlen(words[i].word) != bytes || memcmp(words[i].word, text, bytes))
			continue;
		*gfp |= words[i].flags;
		return true;
	}
	return false;
}

bool lab_gfp_parse(const char *text, size_t bytes, lab_gfp *ret_gfp)
{
	lab_gfp gfp = 0;
	size_t at = 0;

	if (bytes == 4 && !memcmp(text, "none", 4)) {
		*ret_gfp = 0;
		return true;
	}
	for (size_t end; at <= bytes; at = end + 1) {
		for (end = at; end < bytes && text[end] != '|'; end++)
			;
		if (!parse_word(text + at, end - at, &gfp))
			return false;
	}
	*ret_gfp = gfp;
	return true;
}
