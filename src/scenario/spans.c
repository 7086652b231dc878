/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/spans.h"

#include "base/bits.h"

static bool push(struct lab_span_list *list, uint64_t first, uint64_t end, enum lab_zone zone)
{
	struct lab_span *last = list->count ? &list->at[list->count - 1] : NULL;

	if (first >= end)
		return true;
	if (last && last->zone == zone && last->first_frame + last->frame_count == first) {
		last->frame_count += end - first;
		return true;
	}
	if (list->count == LAB_SPAN_LIST_ROOM)
		return false;
	list->at[list->count++] = (struct lab_span){.first_frame = first, .frame_count = end - first, .zone = zone};
	return true;
}

bool lab_spans_paint(struct lab_span_list *list, uint64_t first, uint64_t count, unsigned zone)
{
	uint64_t end = first + count;
	struct lab_span_list out;
	bool fits = true;

	if (!count)
		return true;
	out.count = 0;
	for (size_t i = 0; i < list->count; i++)
		fits &= push(&out, list->at[i].first_frame,
			     LAB_MIN(list->at[i].first_frame + list->at[i].frame_count, first), list->at[i].zone);
	if (zone != LAB_SPAN_HOLE)
		fits &= push(&out, first, end, (enum lab_zone)zone);
	for (size_t i = 0; i < list->count; i++)
		fits &= push(&out, LAB_MAX(list->at[i].first_frame, end),
			     list->at[i].first_frame + list->at[i].frame_count, list->at[i].zone);
	if (!fits)
		return false;
	list->count = out.count;
	for (size_t i = 0; i < out.count; i++)
		list->at[i] = out.at[i];
	return true;
}

uint64_t lab_spans_frames(const struct lab_scenario_machine *machine, enum lab_zone zone)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < machine->span_count; i++)
		if (machine->spans[i].zone == zone)
			frames += machine->spans[i].frame_count;
	return frames;
}

void lab_spans_store(const struct lab_span_list *list, struct lab_scenario_machine *machine)
{
	machine->span_count = LAB_MIN(list->count, (size_t)LAB_SPAN_MAX);
	for (size_t i = 0; i < machine->span_count; i++)
		machine->spans[i] = list->at[i];
	if (!machine->span_count)
		machine->spans[machine->span_count++] =
			(struct lab_span){.first_frame = 0, .frame_count = 1, .zone = LAB_ZONE_NORMAL};
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		machine->zones[zone].frames = lab_spans_frames(machine, zone);
}

void lab_spans_load(struct lab_span_list *list, const struct lab_scenario_machine *machine)
{
	list->count = machine->span_count;
	for (size_t i = 0; i < machine->span_count; i++)
		list->at[i] = machine->spans[i];
}
