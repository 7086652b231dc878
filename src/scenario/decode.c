/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/decode.h"

#include <string.h>

#include "base/bits.h"
#include "scenario/arrays.h"
#include "scenario/fuzz_form.h"
#include "scenario/mend.h"
#include "scenario/spans.h"
#include "scenario/words.h"

/* What a first look over the records tells: who is there and how much of everything. */
struct survey {
	unsigned present;                       /* bit of each fuzz id */
	unsigned op_count[LAB_FUZZ_CONTEXTS];   /* of a fuzz id */
	uint32_t attributes[LAB_FUZZ_CONTEXTS]; /* rest of its context record */
	uint8_t index[LAB_FUZZ_CONTEXTS];       /* of a fuzz id in the scenario; of an absent one: where it points */
	uint32_t machine;
	uint32_t marks[LAB_MARK_COUNT * LAB_ZONE_COUNT];
	unsigned range_count, directive_count;
	uint32_t ranges[LAB_FUZZ_RANGE_MAX];
	size_t schedule_bytes;
};

static uint32_t record_at(const uint8_t *bytes, size_t count, size_t at)
{
	uint8_t four[LAB_RECORD_BYTES] = {0};

	if (count - at >= LAB_RECORD_BYTES)
		memcpy(four, bytes + at, LAB_RECORD_BYTES);
	else
		memcpy(four, bytes + at, count - at);
	return (uint32_t)four[0] | (uint32_t)four[1] << 8 | (uint32_t)four[2] << 16 | (uint32_t)four[3] << 24;
}

static unsigned schedule_count(uint32_t record)
{
	unsigned selector = lab_record_selector(record);

	return selector == 1 || selector == 2 ? selector : 3;
}

static void survey_record(struct survey *survey, uint32_t record)
{
	unsigned tag = lab_record_tag(record), selector = lab_record_selector(record);

	if (lab_record_op(tag) < LAB_OP_KIND_COUNT) {
		survey->present |= 1u << selector;
		if (survey->op_count[selector] < LAB_FUZZ_OP_MAX)
			survey->op_count[selector]++;
		return;
	}
	switch (tag) {
	case LAB_RECORD_CONTEXT:
		survey->present |= 1u << selector;
		survey->attributes[selector] = record >> 8;
		break;
	case LAB_RECORD_MACHINE:
		survey->machine = record >> 8;
		break;
	case LAB_RECORD_RANGE:
		if (survey->range_count < LAB_FUZZ_RANGE_MAX)
			survey->ranges[survey->range_count++] = record;
		break;
	case LAB_RECORD_MARKS:
		survey->marks[selector] = record >> 8;
		break;
	case LAB_RECORD_DIRECTIVE:
		survey->directive_count += survey->directive_count < LAB_FUZZ_DIRECTIVE_MAX;
		break;
	case LAB_RECORD_SCHEDULE:
		survey->schedule_bytes += schedule_count(record);
		break;
	default:
		break;
	}
}

static void decode_machine(const struct survey *survey, struct lab_scenario_machine *machine)
{
	struct lab_span_list list;

	machine->frame_count = (survey->machine & 0xfff) + 1;
	machine->cpu_count = (survey->machine >> 12 & 3) + 1;
	machine->order_max = LAB_MIN(survey->machine >> 16 & 15, LAB_ORDER_MAX);
	machine->page_shift = LAB_PAGE_SHIFT_MIN;
	list.count = 1;
	list.at[0] = (struct lab_span){.frame_count = machine->frame_count, .zone = LAB_ZONE_NORMAL};
	for (unsigned i = 0; i < survey->range_count; i++) {
		static const unsigned zones[LAB_RANGE_COUNT] = {LAB_SPAN_HOLE, LAB_ZONE_DMA, LAB_ZONE_NORMAL};
		uint64_t first = LAB_MIN((uint64_t)(survey->ranges[i] >> 8 & 0xfff), machine->frame_count);
		uint64_t frames = survey->ranges[i] >> 20;

		lab_spans_paint(&list, first, LAB_MIN(frames, machine->frame_count - first),
				zones[lab_record_selector(survey->ranges[i]) % LAB_RANGE_COUNT]);
	}
	lab_spans_store(&list, machine);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(survey->marks); i++)
		*lab_mark_of(&machine->zones[i % LAB_ZONE_COUNT], (enum lab_mark)(i / LAB_ZONE_COUNT)) =
			survey->marks[i];
}

/* Numbers the contexts that are there and gives each its part of the operations' table. */
static void decode_contexts(struct survey *survey, struct lab_scenario *scenario)
{
	static const enum lab_context_kind kinds[4] = {LAB_CONTEXT_SOFTIRQ, LAB_CONTEXT_HARDIRQ, LAB_CONTEXT_NMI,
						       LAB_CONTEXT_NMI};
	unsigned line = LAB_FUZZ_CONTEXTS;

	for (unsigned id = 0; id < LAB_FUZZ_CONTEXTS; id++) {
		struct lab_scenario_context *context;

		if (!(survey->present >> id & 1))
			continue;
		if (id >= LAB_FUZZ_FIRST_LINE && line == LAB_FUZZ_CONTEXTS)
			line = id;
		survey->index[id] = (uint8_t)scenario->context_count;
		context = &scenario->contexts[scenario->context_count++];
		context->kind = id < LAB_FUZZ_FIRST_LINE ? LAB_CONTEXT_TASK : kinds[survey->attributes[id] >> 2 & 3];
		context->cpu = LAB_MIN(survey->attributes[id] & 3, scenario->machine.cpu_count - 1);
		context->first_op = scenario->op_count;
		context->op_count = 0;
		lab_name_default(context->name, context->kind, survey->index[id]);
		scenario->op_count += survey->op_count[id];
	}
	/* An absent task stands for the first one, an absent line for the first line. */
	for (unsigned id = LAB_FUZZ_FIRST_LINE; id < LAB_FUZZ_CONTEXTS && line < LAB_FUZZ_CONTEXTS; id++)
		if (!(survey->present >> id & 1))
			survey->index[id] = survey->index[line];
}

static struct lab_op decode_op(const struct survey *survey, uint32_t record)
{
	struct lab_op op = {.kind = lab_record_op(lab_record_tag(record))};
	const struct lab_op_info *info = &lab_op_infos[op.kind];
	unsigned low = record >> 8 & 15, high = record >> 12 & 15, rest = record >> 16;
	unsigned peer = info->operands & LAB_TAKES_SLOT ? rest : low;

	if (info->operands & LAB_TAKES_SLOT)
		op.slot = (uint8_t)low;
	if (info->operands & LAB_TAKES_ORDER)
		op.order = (uint8_t)high;
	if (info->operands & LAB_TAKES_IRQ)
		op.irq_save = high & 1;
	if (info->operands & LAB_TAKES_COMES)
		op.comes = high & 1;
	if (info->operands & LAB_TAKES_GFP)
		op.gfp = rest & LAB_GFP_ALL;
	if (info->operands & LAB_TAKES_VALUE)
		op.value = rest;
	switch (info->peer) {
	case LAB_PEER_CONTEXT:
		op.peer = survey->index[peer % LAB_FUZZ_CONTEXTS];
		break;
	case LAB_PEER_HANDLER:
		op.peer = survey->index[LAB_FUZZ_FIRST_LINE + peer % LAB_FUZZ_LINE_MAX];
		break;
	case LAB_PEER_LOCK:
		op.peer = (uint16_t)(peer % LAB_LOCK_COUNT);
		break;
	case LAB_PEER_CPU:
		op.peer = (uint16_t)(peer % LAB_FUZZ_CPU_MAX);
		break;
	case LAB_PEER_ZONE:
		op.peer = (uint16_t)(peer % LAB_ZONE_COUNT);
		break;
	case LAB_PEER_SPAN:
		op.peer = (uint16_t)(peer % LAB_SPAN_MAX);
		break;
	case LAB_PEER_NONE:
		break;
	}
	return op;
}

static struct lab_directive decode_directive(const struct survey *survey, uint32_t record)
{
	return (struct lab_directive){.kind = (enum lab_directive_kind)((record >> 8 & 3) % 3),
				      .context = survey->index[lab_record_selector(record)],
				      .host = survey->index[record >> 10 & 7],
				      .count = record >> 16};
}

static void decode_record(const struct survey *survey, uint32_t record, struct lab_scenario *scenario)
{
	unsigned tag = lab_record_tag(record), selector = lab_record_selector(record);

	if (lab_record_op(tag) < LAB_OP_KIND_COUNT) {
		struct lab_scenario_context *context = &scenario->contexts[survey->index[selector]];

		if (context->op_count < LAB_FUZZ_OP_MAX)
			scenario->ops[context->first_op + context->op_count++] = decode_op(survey, record);
	} else if (tag == LAB_RECORD_DIRECTIVE) {
		if (scenario->directive_count < LAB_FUZZ_DIRECTIVE_MAX)
			scenario->directives[scenario->directive_count++] = decode_directive(survey, record);
	} else if (tag == LAB_RECORD_SCHEDULE) {
		for (unsigned i = 0; i < schedule_count(record); i++)
			if (scenario->schedule_bytes < LAB_FUZZ_SCHEDULE_MAX)
				scenario->schedule[scenario->schedule_bytes++] = (uint8_t)(record >> (8 + 8 * i));
	}
}

void lab_scenario_decode(const uint8_t *bytes, size_t count, struct lab_scenario *ret_scenario)
{
	struct survey survey;

	/* The ranges are the greater part of it and need no zeroes. */
	memset(&survey, 0, offsetof(struct survey, ranges));
	survey.present = 1; /* a scenario has one task at least */
	survey.schedule_bytes = 0;
	for (size_t at = 0; at < count; at += LAB_RECORD_BYTES)
		survey_record(&survey, record_at(bytes, count, at));
	survey.schedule_bytes = LAB_MIN(survey.schedule_bytes, (size_t)LAB_FUZZ_SCHEDULE_MAX);

	lab_scenario_clear(ret_scenario);
	lab_scenario_reserve(ret_scenario, LAB_FUZZ_CONTEXTS, LAB_FUZZ_CONTEXTS * LAB_FUZZ_OP_MAX,
			     survey.directive_count, survey.schedule_bytes);
	decode_machine(&survey, &ret_scenario->machine);
	decode_contexts(&survey, ret_scenario);
	for (size_t at = 0; at < count; at += LAB_RECORD_BYTES)
		decode_record(&survey, record_at(bytes, count, at), ret_scenario);
	lab_scenario_mend(ret_scenario, LAB_FUZZ_OP_MAX, NULL);
}
