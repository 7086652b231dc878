/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_FUZZ_FORM_H
#define LAB_SCENARIO_FUZZ_FORM_H

#include <stdint.h>

#include "scenario/scenario.h"

/*
 * The fuzz form: records of four bytes in any order; a record that is cut short ends in zeroes. The low five bits of
 * the first byte are its tag, the high three its selector. docs/format.md has the layout of each.
 */
#define LAB_RECORD_BYTES 4u

enum lab_record_tag {
	LAB_RECORD_NOTHING = 0,
	LAB_RECORD_OP = 1, /* + enum lab_op_kind up to `wait`; selector: fuzz id of the context */
	LAB_RECORD_CONTEXT = LAB_RECORD_OP + LAB_OP_DIE,
	LAB_RECORD_MACHINE,
	LAB_RECORD_RANGE,     /* selector: the zone that the frames belong to, or LAB_RANGE_HOLE */
	LAB_RECORD_MARKS,     /* selector: zone + 2 * field */
	LAB_RECORD_DIRECTIVE, /* selector: fuzz id of the context */
	LAB_RECORD_SCHEDULE,  /* selector: how many of the three bytes count, else all */
	LAB_RECORD_LATER,     /* + enum lab_op_kind from `die` on: operations that came later */
	LAB_RECORD_TAGS = LAB_RECORD_LATER + (LAB_OP_KIND_COUNT - LAB_OP_DIE)
};
_Static_assert(LAB_RECORD_TAGS <= 32, "tags are five bits");
/* Numbers of corpus files: a new operation goes behind the last and takes a free tag, never one that moved. */
_Static_assert(LAB_RECORD_CONTEXT == 23, "tags of the fuzz form are fixed");

static inline unsigned lab_record_of_op(enum lab_op_kind kind)
{
	return kind < LAB_OP_DIE ? LAB_RECORD_OP + kind : LAB_RECORD_LATER + (kind - LAB_OP_DIE);
}

/* LAB_OP_KIND_COUNT: the tag is no operation's. */
static inline enum lab_op_kind lab_record_op(unsigned tag)
{
	if (tag >= LAB_RECORD_OP && tag < LAB_RECORD_CONTEXT)
		return (enum lab_op_kind)(tag - LAB_RECORD_OP);
	if (tag >= LAB_RECORD_LATER && tag < LAB_RECORD_TAGS)
		return (enum lab_op_kind)(tag - LAB_RECORD_LATER + LAB_OP_DIE);
	return LAB_OP_KIND_COUNT;
}

/* Fuzz ids: tasks are 0..3, lines 4..7; a context is there when a record is about it, and task 0 always is. */
#define LAB_FUZZ_CONTEXTS   (LAB_FUZZ_TASK_MAX + LAB_FUZZ_LINE_MAX)
#define LAB_FUZZ_FIRST_LINE LAB_FUZZ_TASK_MAX
#define LAB_FUZZ_RANGE_MAX  48u /* range records; later ones mean nothing */

/* Selectors of a range: least is the hole, whatever enum lab_zone says. */
enum lab_range { LAB_RANGE_HOLE, LAB_RANGE_DMA, LAB_RANGE_NORMAL, LAB_RANGE_COUNT };
#define LAB_RANGE_FRAMES_MAX 4095u /* of one record */

enum lab_mark { LAB_MARK_MIN, LAB_MARK_LOW, LAB_MARK_HIGH, LAB_MARK_RESERVE, LAB_MARK_COUNT };

/* A record as a number: its first byte lowest. */
static inline unsigned lab_record_tag(uint32_t record)
{
	return record & 31;
}

static inline unsigned lab_record_selector(uint32_t record)
{
	return record >> 5 & 7;
}

static inline uint32_t lab_record_make(unsigned tag, unsigned selector, uint32_t rest)
{
	return rest << 8 | selector << 5 | tag;
}

/* True when the scenario is within the bounds of the form and lab_scenario_encode takes it. */
bool lab_fuzz_form_fits(const struct lab_scenario *scenario);

/* Where a mark is kept. */
static inline uint64_t *lab_mark_of(struct lab_zone_marks *marks, enum lab_mark mark)
{
	switch (mark) {
	case LAB_MARK_MIN:
		return &marks->min;
	case LAB_MARK_LOW:
		return &marks->low;
	case LAB_MARK_HIGH:
		return &marks->high;
	default:
		return &marks->lowmem_reserve[LAB_ZONE_NORMAL];
	}
}

#endif
