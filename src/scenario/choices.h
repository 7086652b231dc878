/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_CHOICES_H
#define LAB_SCENARIO_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/status.h>

#include "base/bytes.h"

/*
 * A schedule as constraints: where it leaves what the engine would do on its own. Each names its place by the context
 * that asked and how many events that one had met, so that dropping one constraint leaves the places of the others.
 */
#define LAB_CHOICE_ENGINE UINT16_MAX /* who asks when no context runs */
/* In `ask`: nobody was asked; a handler that had been raised came in. */
#define LAB_CHOICE_UNASKED UINT32_C(0x80000000)
/* In `ask`: it is about what a load reads. */
#define LAB_CHOICE_READ      UINT32_C(0x40000000)
#define LAB_CHOICE_READS_MAX 16u

struct lab_choice {
	uint16_t asker;     /* context index, or LAB_CHOICE_ENGINE */
	uint16_t chosen;    /* the context that moved */
	bool fires;         /* chosen is a handler, and comes in here */
	uint32_t event;     /* of the asker, the first is 1; 0: before it */
	uint32_t ask;       /* counts when one event asks again, since an interrupt came in or it stays blocked */
	uint32_t signature; /* of the asker's event and all before: tells whether the code is still the one that was
			       recorded */
	uint8_t reads; /* the asker, who is also the chosen one, reads so many stores back, plus 1; 0: it is about who
			  moves */
};

/* In the order in which they came. Zero-initialise. */
struct lab_choices {
	struct lab_choice *list;
	size_t count, room;
	bool pinned; /* the list lies in memory of somebody else's: what goes beyond its room is left out */
};

/* Memory that cannot be had aborts, as with scenarios. */
void lab_choices_add(struct lab_choices *choices, struct lab_choice choice);
void lab_choices_copy(struct lab_choices *to, const struct lab_choices *from);
void lab_choices_free(struct lab_choices *choices);
/* True when some choice is about what a load reads: it takes a strategy that is weak to follow them. */
bool lab_choices_are_weak(const struct lab_choices *choices);
bool lab_choice_same_place(const struct lab_choice *a, const struct lab_choice *b);

/* As they stand in a file: LAB_CHOICE_BYTES each. */
#define LAB_CHOICE_BYTES 17u
void lab_choices_write(const struct lab_choices *choices, struct lab_writer *out);
/* Untrusted input into an empty list; LAB_INVALID: not whole records, or a context beyond context_count. */
LAB_MUST_USE enum lab_status lab_choices_read(const uint8_t *bytes, size_t count, size_t context_count,
					      struct lab_choices *choices);

#endif
