/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_CORPUS_H
#define LAB_CAMPAIGN_CORPUS_H

#include "campaign/campaign.h"

/* DIR/corpus, which both engines share. */

uint64_t lab_corpus_count(const struct lab_campaign *campaign);

/* Brings what AFL++ found worth keeping into it, named by content. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_corpus_exchange(const struct lab_campaign *campaign);

/*
 * Replaces it by a smaller one that covers the same. What led to findings lies with them, and is not touched. False: it
 * stays as it was, because the tool failed or took longer than limit_s. Sleeps until then.
 */
bool lab_corpus_minimise(const struct lab_campaign *campaign, unsigned limit_s);
/* Finishes a replacement that was cut off in the middle. */
void lab_corpus_recover(const struct lab_campaign *campaign);

/* Each file by itself: one that ends the fuzz target goes to raw/, as if the engine had put it aside. How many did. */
unsigned lab_corpus_sieve(const struct lab_campaign *campaign);

#endif
