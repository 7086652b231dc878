/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_SPANS_H
#define LAB_SCENARIO_SPANS_H

#include "scenario/scenario.h"

/*
 * The maze being painted: ascending spans that neither overlap nor touch a span of their own zone. Roomier than a
 * machine's table, since the way to few spans may lead over many.
 */
#define LAB_SPAN_LIST_ROOM 64u
#define LAB_SPAN_HOLE      LAB_ZONE_COUNT /* paints a hole */

struct lab_span_list {
	size_t count;
	struct lab_span at[LAB_SPAN_LIST_ROOM];
};

/* Makes `count` frames from `first` on belong to a zone, or to none. False: no room, nothing changed. */
bool lab_spans_paint(struct lab_span_list *list, uint64_t first, uint64_t count, unsigned zone);

/* Puts the list into the machine, at most LAB_SPAN_MAX of it; an empty one becomes frame 0. Fills zones[].frames. */
void lab_spans_store(const struct lab_span_list *list, struct lab_scenario_machine *machine);

/* The other way. */
void lab_spans_load(struct lab_span_list *list, const struct lab_scenario_machine *machine);

/* Frames of a zone. */
uint64_t lab_spans_frames(const struct lab_scenario_machine *machine, enum lab_zone zone);

#endif
