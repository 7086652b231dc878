/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_COHERENCE_H
#define LAB_CLI_COHERENCE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A model of caches that keep one another coherent, as MESI does: each CPU has a cache of its own without end, lines
 * are of 64 bytes, and memory is where a line comes from that nobody has. A line moves when a CPU reads what another
 * wrote and it has no copy of, or writes what another has a copy of. First touches of lines that nobody wrote cost
 * nothing.
 */
#define LAB_COHERENCE_LINE 64u
#define LAB_COHERENCE_CPUS 64u

struct lab_coherence;

struct lab_coherence_move {
	bool moved;
	bool neighbour;     /* no other CPU has ever touched that word: it is its line that they share */
	uint32_t *ret_note; /* a number of the caller's for each word, 0 at first */
};

struct lab_coherence *lab_coherence_create(void);
void lab_coherence_destroy(struct lab_coherence *coherence);

/* One CPU reads or writes the 8-byte word at that address. */
struct lab_coherence_move lab_coherence_touch(struct lab_coherence *coherence, unsigned cpu, uintptr_t address,
					      bool write);
/* True when more than one CPU has touched that word's line so far. */
bool lab_coherence_is_shared(struct lab_coherence *coherence, uintptr_t address);

#endif
