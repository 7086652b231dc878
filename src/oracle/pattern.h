/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_PATTERN_H
#define LAB_ORACLE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include <labyrinth/owner.h>

/*
 * What owners write into their frames: each aligned 8-byte word is a function of owner token, frame and word index, and
 * from a word at its place the token can be computed back, so that a finding can name whose word it is. All accesses
 * are plain, so that a sanitizer sees them. `page` points to the frame's bytes, a multiple of 64 of them.
 */
void lab_pattern_write(void *page, size_t bytes, uint64_t frame, lab_owner token);

/* The first word that is not the token's; false when all are. *ret_found is the token whose word would be there. */
bool lab_pattern_broken(const void *page, size_t bytes, uint64_t frame, lab_owner token, size_t *ret_word,
			lab_owner *ret_found);

/* The first word that is the token's; false when none is. */
bool lab_pattern_remains(const void *page, size_t bytes, uint64_t frame, lab_owner token, size_t *ret_word);

/* The first word that is not 0; false when all are. */
bool lab_pattern_not_zero(const void *page, size_t bytes, size_t *ret_word);

/* True when all words are the same. */
bool lab_pattern_constant(const void *page, size_t bytes);

#endif
