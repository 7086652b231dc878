/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "oracle/pattern.h"
#include "oracle/state.h"

/* What a frame holds that it must not, or NULL. `word` tells where. */
static const char *residue(const void *page, size_t bytes, uint64_t frame, lab_owner last, bool zeroed, size_t *word)
{
	if (zeroed)
		return lab_pattern_not_zero(page, bytes, word) ? "was asked zeroed and is not" : NULL;
	if (last != LAB_OWNER_NONE && lab_pattern_remains(page, bytes, frame, last, word))
		return "was to be shredded and holds its last owner's";
	*word = 0;
	return lab_pattern_constant(page, bytes) ? "was to be shredded and is constant from" : NULL;
}

void lab_oracle_judge_release(struct lab_oracle *oracle, unsigned actor, void *block, unsigned order, bool zeroed)
{
	uint64_t first = lab_shadow_frame(&oracle->shadow, block);
	size_t bytes = lab_shadow_page_bytes(&oracle->shadow), word = 0;

	zeroed = zeroed && oracle->target->caps & LAB_CAP_ZERO;
	for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
		struct lab_cell *cell = lab_shadow_find(&oracle->shadow, first + i);
		const char *wrong;
		lab_owner last;

		if (!cell || (!zeroed && !(lab_load_relaxed(&cell->facts) & LAB_CELL_SHREDDED)))
			continue;
		last = lab_load_relaxed(&cell->pattern);
		wrong = residue(lab_shadow_page(&oracle->shadow, block, i), bytes, first + i, last, zeroed, &word);
		lab_store_relaxed(&cell->facts, lab_load_relaxed(&cell->facts) & ~LAB_CELL_SHREDDED);
		if (!wrong)
			continue;
		lab_oracle_report(oracle, LAB_R12_RELEASE, actor, lab_oracle_finding_frame(oracle, block), order,
				  "block=%s page %" PRIu64 " %s word %zu owners=%s, %s",
				  lab_oracle_block_text(oracle, block, order).text, i, wrong, word,
				  lab_oracle_owner_name(oracle, last),
				  actor == LAB_FINDING_NO_ACTOR ? "the oracle"
								: oracle->config.actor_name(oracle->config.arg, actor));
		return;
	}
}
