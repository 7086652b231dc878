/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "oracle/pattern.h"
#include "oracle/state.h"

/* Whose word was found where another's should be: an actor's name, or what the word is. */
static const char *intruder(const struct lab_oracle *oracle, lab_owner found)
{
	unsigned context = lab_owner_context(found);

	return context && context <= oracle->config.actor_count ? lab_oracle_owner_name(oracle, found)
								: "unknown (no owner's pattern)";
}

bool lab_oracle_judge_pattern(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request)
{
	uint64_t first = lab_shadow_frame(&oracle->shadow, block);
	size_t bytes = lab_shadow_page_bytes(&oracle->shadow), word = 0;

	for (uint64_t i = 0; i < UINT64_C(1) << request->order; i++) {
		struct lab_cell *cell = lab_shadow_find(&oracle->shadow, first + i);
		lab_owner token, found = LAB_OWNER_NONE;

		/* A frame that the shadow gives to another was reported as R01; its bytes are no evidence. */
		if (!cell || lab_load_relaxed(&cell->owner) != request->owner ||
		    !(lab_load_relaxed(&cell->facts) & LAB_CELL_TOUCHED))
			continue;
		token = lab_load_relaxed(&cell->pattern);
		if (!lab_pattern_broken(lab_shadow_page(&oracle->shadow, block, i), bytes, first + i, token, &word,
					&found))
			continue;
		lab_oracle_report(oracle, LAB_R11_ISOLATION, actor, lab_oracle_finding_frame(oracle, block),
				  request->order, "block=%s page %" PRIu64 " word %zu was overwritten owners=%s, %s",
				  lab_oracle_block_text(oracle, block, request->order).text, i, word,
				  lab_oracle_owner_name(oracle, token), intruder(oracle, found));
		return false;
	}
	return true;
}

void lab_oracle_touch(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request)
{
	uint64_t first = lab_shadow_frame(&oracle->shadow, block);

	(void)lab_oracle_judge_pattern(oracle, actor, block, request);
	for (uint64_t i = 0; i < UINT64_C(1) << request->order; i++) {
		struct lab_cell *cell = lab_shadow_find(&oracle->shadow, first + i);

		if (!cell || lab_load_relaxed(&cell->owner) != request->owner)
			continue;
		lab_pattern_write(lab_shadow_page(&oracle->shadow, block, i), lab_shadow_page_bytes(&oracle->shadow),
				  first + i, request->owner);
		lab_store_relaxed(&cell->pattern, request->owner);
		lab_store_relaxed(&cell->facts, lab_load_relaxed(&cell->facts) | LAB_CELL_TOUCHED);
	}
}
