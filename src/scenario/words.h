/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_WORDS_H
#define LAB_SCENARIO_WORDS_H

#include "scenario/scenario.h"

/* The vocabulary: what each operation takes, told once for the decoder, the mender, the parser and the printer. */
enum lab_operand {
	LAB_TAKES_SLOT = 1,
	LAB_TAKES_GFP = 2,
	LAB_TAKES_ORDER = 4,
	LAB_TAKES_VALUE = 8,
	LAB_TAKES_IRQ = 16,   /* the variant that masks interrupts */
	LAB_TAKES_COMES = 32, /* which of two: add or remove */
};

/* What an operation's peer number names. */
enum lab_peer {
	LAB_PEER_NONE,
	LAB_PEER_CONTEXT,
	LAB_PEER_HANDLER,
	LAB_PEER_LOCK,
	LAB_PEER_CPU,
	LAB_PEER_ZONE,
	LAB_PEER_SPAN,
};

struct lab_op_info {
	const char *name;
	unsigned operands; /* of enum lab_operand */
	enum lab_peer peer;
};

extern const struct lab_op_info lab_op_infos[LAB_OP_KIND_COUNT];

const char *lab_zone_name(enum lab_zone zone); /* "dma", "normal" */

static inline bool lab_is_handler(const struct lab_scenario_context *context)
{
	return context->kind != LAB_CONTEXT_TASK;
}

bool lab_op_equal(const struct lab_op *a, const struct lab_op *b);
bool lab_directive_equal(const struct lab_directive *a, const struct lab_directive *b);

/* A letter or `_`, then letters, digits, `_` and `-`; at most LAB_NAME_BYTES - 1 bytes; not the reserved `bytes`. */
bool lab_name_valid(const char *name, size_t bytes);

/* The name of a context that was given none: its kind's first letter and its index, "t0" or "h4". */
void lab_name_default(char name[LAB_NAME_BYTES], enum lab_context_kind kind, size_t index);

#endif
