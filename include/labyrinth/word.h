/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_WORD_H
#define LABYRINTH_WORD_H

/* What a word of an allocator's metadata holds, for who shows its value to people. */
enum lab_word {
	LAB_WORD_NONE,   /* it has no name: not the allocator's own */
	LAB_WORD_NUMBER, /* a count, an index, a state */
	LAB_WORD_BITS,
	LAB_WORD_OWNER, /* a lab_owner, or 0 */
	LAB_WORD_HINT,  /* a number that no answer depends on: a statistic, where a search begins */
};

#endif
