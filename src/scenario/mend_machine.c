/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "scenario/mend.h"
#include "scenario/spans.h"

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most, enum lab_part part, size_t index,
		      enum lab_field field, struct lab_flaw *flaw)
{
	if (value >= least && value <= most)
		return value;
	lab_flaw_note(flaw, part, index, field, value, "%llu..%llu", (unsigned long long)least,
		      (unsigned long long)most);
	return value < least ? least : most;
}

static unsigned clamp_machine(unsigned value, unsigned least, unsigned most, enum lab_field field,
			      struct lab_flaw *flaw)
{
	return (unsigned)clamp(value, least, most, LAB_PART_MACHINE, 0, field, flaw);
}

/* Why span i may not follow the one before it; NULL: it may. */
static const char *span_flaw(const struct lab_scenario_machine *machine, size_t i)
{
	const struct lab_span *span = &machine->spans[i], *before = i ? span - 1 : NULL;
	uint64_t free_from = before ? before->first_frame + before->frame_count : 0;

	if ((unsigned)span->zone >= LAB_ZONE_COUNT)
		return "a span of zone dma or normal";
	if (!span->frame_count)
		return "a span with frames in it";
	if (span->first_frame >= machine->frame_count || span->frame_count > machine->frame_count - span->first_frame)
		return "a span inside the machine";
	if (span->first_frame < free_from)
		return "a span behind the one before it";
	if (before && before->zone == span->zone && span->first_frame == free_from)
		return "a hole, or another zone, between two spans";
	return NULL;
}

static void mend_spans(struct lab_scenario_machine *machine, struct lab_flaw *flaw)
{
	struct lab_span_list list = {.count = 0};
	size_t count = LAB_MIN(machine->span_count, (size_t)LAB_SPAN_MAX);
	const char *why = machine->span_count == count && count ? NULL : "1..16 spans";
	size_t bad = count;

	for (size_t i = 0; i < count && !why; i++) {
		why = span_flaw(machine, i);
		bad = i;
	}
	if (!why)
		return;
	lab_flaw_note(flaw, LAB_PART_SPAN, bad, LAB_FIELD_WHOLE,
		      bad < count ? machine->spans[bad].first_frame : machine->span_count, "%s", why);
	for (size_t i = 0; i < count; i++) {
		const struct lab_span *span = &machine->spans[i];
		uint64_t first = LAB_MIN(span->first_frame, machine->frame_count);

		lab_spans_paint(&list, first, LAB_MIN(span->frame_count, machine->frame_count - first),
				LAB_MIN((unsigned)span->zone, (unsigned)LAB_ZONE_NORMAL));
	}
	lab_spans_store(&list, machine);
}

static void mend_marks(struct lab_scenario_machine *machine, enum lab_zone zone, struct lab_flaw *flaw)
{
	struct lab_zone_marks *marks = &machine->zones[zone];
	uint64_t frames = lab_spans_frames(machine, zone);

	if (marks->frames != frames)
		lab_flaw_note(flaw, LAB_PART_ZONE, zone, LAB_FIELD_FRAMES, marks->frames, "%llu, as its spans hold",
			      (unsigned long long)frames);
	marks->frames = frames;
	marks->min = clamp(marks->min, 0, frames, LAB_PART_ZONE, zone, LAB_FIELD_MIN, flaw);
	marks->low = clamp(marks->low, marks->min, frames, LAB_PART_ZONE, zone, LAB_FIELD_LOW, flaw);
	marks->high = clamp(marks->high, marks->low, frames, LAB_PART_ZONE, zone, LAB_FIELD_HIGH, flaw);
	/* Only a request that may fall back meets a lowmem reserve: one of class zone NORMAL, in the DMA zone. */
	for (unsigned class = 0; class < LAB_ZONE_COUNT; class ++) {
		uint64_t most = zone == LAB_ZONE_DMA && class == LAB_ZONE_NORMAL ? frames : 0;

		marks->lowmem_reserve[class] =
			clamp(marks->lowmem_reserve[class], 0, most, LAB_PART_ZONE, zone, LAB_FIELD_RESERVE, flaw);
	}
}

void lab_machine_mend(struct lab_scenario_machine *machine, struct lab_flaw *flaw)
{
	machine->frame_count =
		clamp(machine->frame_count, 1, LAB_FRAME_MAX, LAB_PART_MACHINE, 0, LAB_FIELD_FRAMES, flaw);
	machine->page_shift =
		clamp_machine(machine->page_shift, LAB_PAGE_SHIFT_MIN, LAB_PAGE_SHIFT_MAX, LAB_FIELD_PAGE_SHIFT, flaw);
	machine->cpu_count = clamp_machine(machine->cpu_count, 1, LAB_CPU_MAX, LAB_FIELD_CPUS, flaw);
	machine->order_max = clamp_machine(machine->order_max, 0, LAB_ORDER_MAX, LAB_FIELD_ORDER_MAX, flaw);
	mend_spans(machine, flaw);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		mend_marks(machine, (enum lab_zone)zone, flaw);
}
