/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_MEND_H
#define LAB_SCENARIO_MEND_H

#include "scenario/scenario.h"

/*
 * What a scenario must be is told once, as the code that makes it so. normalise runs it for its effect; validate, the
 * parser and the wide reader run it on a copy for the first thing that it would have changed.
 */
enum lab_part {
	LAB_PART_MACHINE,
	LAB_PART_SPAN,
	LAB_PART_ZONE,
	LAB_PART_CONTEXT,
	LAB_PART_OP, /* index into lab_scenario.ops as it was before mending */
	LAB_PART_DIRECTIVE,
};

enum lab_field {
	LAB_FIELD_WHOLE, /* the part itself has no place here */
	LAB_FIELD_FRAMES,
	LAB_FIELD_PAGE_SHIFT,
	LAB_FIELD_CPUS,
	LAB_FIELD_ORDER_MAX,
	LAB_FIELD_MIN,
	LAB_FIELD_LOW,
	LAB_FIELD_HIGH,
	LAB_FIELD_RESERVE,
	LAB_FIELD_NAME,
	LAB_FIELD_KIND,
	LAB_FIELD_CPU,
	LAB_FIELD_SLOT,
	LAB_FIELD_GFP,
	LAB_FIELD_ORDER,
	LAB_FIELD_PEER,
	LAB_FIELD_VALUE,
	LAB_FIELD_IRQ,
	LAB_FIELD_COMES,
	LAB_FIELD_END, /* of a context: something is still held there */
	LAB_FIELD_CONTEXT,
	LAB_FIELD_HOST,
	LAB_FIELD_COUNT,
	LAB_FIELD_KINDS
};

struct lab_flaw {
	bool found;
	enum lab_part part;
	enum lab_field field;
	size_t index;
	uint64_t value;
	char expected[96];
};

const char *lab_field_name(enum lab_field field);

/* Takes note of a flaw; only the first one counts. flaw may be NULL: nobody asks. */
void lab_flaw_note(struct lab_flaw *flaw, enum lab_part part, size_t index, enum lab_field field, uint64_t value,
		   const char *expected, ...) __attribute__((format(printf, 6, 7)));

/*
 * Mends the scenario, whose contexts' operations must follow one another (lab_scenario_layout_ok). No context gets more
 * than op_max operations: one that would leave no room for the releases of what is held is dropped.
 */
void lab_scenario_mend(struct lab_scenario *scenario, size_t op_max, struct lab_flaw *flaw);
void lab_machine_mend(struct lab_scenario_machine *machine, struct lab_flaw *flaw);
void lab_ops_mend(struct lab_scenario *scenario, size_t op_max, struct lab_flaw *flaw);

/* The first flaw, on a copy. */
void lab_scenario_find_flaw(const struct lab_scenario *scenario, struct lab_flaw *ret_flaw);

/* True when the contexts' operations follow one another and fill the table. */
bool lab_scenario_layout_ok(const struct lab_scenario *scenario);

/* "op 3: order 11, expected 0..9" */
void lab_flaw_format(const struct lab_flaw *flaw, char *message, size_t room);

#endif
