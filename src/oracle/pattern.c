/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/pattern.h"

#include "plat/race.h"

#define WORD_STEP UINT64_C(0x9e3779b97f4a7c15) /* odd, so that the words of a frame are all different */

/* Spreads the frame number over the word (the finaliser of SplitMix64). */
static uint64_t frame_key(uint64_t frame)
{
	uint64_t z = (frame + 1) * WORD_STEP;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void lab_pattern_write(void *page, size_t bytes, uint64_t frame, lab_owner token)
{
	uint64_t *words = page, key = frame_key(frame);

	lab_race_write(page, bytes);
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = (key + i * WORD_STEP) ^ token;
}

bool lab_pattern_broken(const void *page, size_t bytes, uint64_t frame, lab_owner token, size_t *ret_word,
			lab_owner *ret_found)
{
	const uint64_t *words = page;
	uint64_t key = frame_key(frame);

	lab_race_read(page, bytes);
	for (size_t i = 0; i < bytes / sizeof(*words); i++) {
		lab_owner found = words[i] ^ (key + i * WORD_STEP);

		if (found != token) {
			*ret_word = i;
			*ret_found = found;
			return true;
		}
	}
	return false;
}

bool lab_pattern_remains(const void *page, size_t bytes, uint64_t frame, lab_owner token, size_t *ret_word)
{
	const uint64_t *words = page;
	uint64_t key = frame_key(frame);

	lab_race_read(page, bytes);
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		if (words[i] == ((key + i * WORD_STEP) ^ token)) {
			*ret_word = i;
			return true;
		}
	return false;
}

bool lab_pattern_not_zero(const void *page, size_t bytes, size_t *ret_word)
{
	const uint64_t *words = page;

	lab_race_read(page, bytes);
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		if (words[i]) {
			*ret_word = i;
			return true;
		}
	return false;
}

bool lab_pattern_constant(const void *page, size_t bytes)
{
	const uint64_t *words = page;

	lab_race_read(page, bytes);
	for (size_t i = 1; i < bytes / sizeof(*words); i++)
		if (words[i] != words[0])
			return false;
	return true;
}
