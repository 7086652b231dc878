/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SIM_SPIN_H
#define LAB_ENGINE_SIM_SPIN_H

#include <string.h>

#include "base/bits.h"
#include "engine/event.h"

/*
 * A strand spins when it went round twice and more through reads that it made before, each with the same value, and
 * wrote nothing since: only another can change what it waits for, so it lets others go first. A loop that walks on, or
 * that computes from what it read, reads something new sooner or later.
 */
#define LAB_SPIN_LEAST 64u /* reads of the same again that make a spinner, at the least: a walk over 16 words reads 48 */
#define LAB_SPIN_SLOTS 32u /* reads remembered since the last write */

struct lab_spin_read {
	uintptr_t address, code;
	uint64_t value;
};

struct lab_spin {
	bool spinning;
	uint32_t early_count, era, known, repeats;  /* era: entries of another one are void; no entry has 0 */
	struct lab_spin_read early[LAB_SPIN_LEAST]; /* looked at when there are more, which is seldom */
	struct lab_spin_seen {
		struct lab_spin_read read;
		uint32_t era;
	} seen[LAB_SPIN_SLOTS];
};

/* sim_spin.c: the read, and the early ones if none was looked at yet. */
void lab_spin_look(struct lab_spin *spin, uintptr_t address, uintptr_t code, uint64_t value);

/* It wrote, or begins. What it saw is void, without being wiped. */
static inline void lab_spin_forget(struct lab_spin *spin)
{
	spin->era += spin->known || !spin->era;
	spin->early_count = spin->known = spin->repeats = 0;
	spin->spinning = false;
}

/* It read, or updated without a change. */
static inline __attribute__((always_inline)) void lab_spin_saw(struct lab_spin *spin, uintptr_t address, uintptr_t code,
							       uint64_t value)
{
	if (spin->early_count < LAB_SPIN_LEAST)
		spin->early[spin->early_count++] = (struct lab_spin_read){address, code, value};
	else
		lab_spin_look(spin, address, code, value);
}

/* What memory holds there; of what is wider than a word, or of an odd size, some of it. Sizes apart: each is one load.
 */
static inline uint64_t lab_spin_value_at(uintptr_t address, size_t bytes)
{
	const void *from = (const void *)address;
	uint64_t word = 0;
	uint32_t half = 0;
	uint8_t byte;

	if (bytes >= sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		return word;
	}
	if (bytes >= sizeof(half)) {
		memcpy(&half, from, sizeof(half));
		return half;
	}
	memcpy(&byte, from, sizeof(byte));
	word = byte;
	memcpy(&byte, (const char *)from + bytes - 1, sizeof(byte));
	return word << 8 | byte;
}

#endif
