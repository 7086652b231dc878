/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "scenario/decode.h"
#include "scenario/fuzz_form.h"
#include "scenario/mend.h"
#include "scenario/words.h"

struct output {
	uint8_t *bytes;
	size_t room, count;             /* count goes on past room, to say how much is needed */
	uint8_t ids[LAB_FUZZ_CONTEXTS]; /* fuzz id of each context */
};

static void put(struct output *out, unsigned tag, unsigned selector, uint32_t rest)
{
	uint32_t record = lab_record_make(tag, selector, rest);

	for (unsigned i = 0; i < LAB_RECORD_BYTES; i++, out->count++)
		if (out->count < out->room)
			out->bytes[out->count] = (uint8_t)(record >> (8 * i));
}

/* Gives each context its fuzz id. False: too many, or a task behind a handler, which the form cannot say. */
static bool number_contexts(const struct lab_scenario *scenario, struct output *out)
{
	unsigned tasks = 0, lines = 0;

	if (scenario->context_count > LAB_FUZZ_CONTEXTS)
		return false;
	for (size_t i = 0; i < scenario->context_count; i++) {
		if (lab_is_handler(&scenario->contexts[i]))
			out->ids[i] = (uint8_t)(LAB_FUZZ_FIRST_LINE + lines++);
		else if (lines)
			return false;
		else
			out->ids[i] = (uint8_t)tasks++;
	}
	return tasks <= LAB_FUZZ_TASK_MAX && lines <= LAB_FUZZ_LINE_MAX;
}

bool lab_fuzz_form_fits(const struct lab_scenario *scenario)
{
	struct output unused;

	const struct lab_scenario_machine *machine = &scenario->machine;

	if (machine->frame_count > LAB_FUZZ_FRAME_MAX || machine->cpu_count > LAB_FUZZ_CPU_MAX ||
	    machine->page_shift != LAB_PAGE_SHIFT_MIN || scenario->directive_count > LAB_FUZZ_DIRECTIVE_MAX ||
	    scenario->schedule_bytes > LAB_FUZZ_SCHEDULE_MAX)
		return false;
	for (size_t i = 0; i < scenario->context_count; i++)
		if (scenario->contexts[i].op_count > LAB_FUZZ_OP_MAX)
			return false;
	for (size_t i = 0; i < scenario->op_count; i++)
		if (scenario->ops[i].value > UINT16_MAX)
			return false;
	for (size_t i = 0; i < scenario->directive_count; i++)
		if (scenario->directives[i].count > UINT16_MAX)
			return false;
	return number_contexts(scenario, &unused);
}

static void put_range(struct output *out, enum lab_range range, uint64_t first, uint64_t end)
{
	for (uint64_t frames; first < end; first += frames) {
		frames = LAB_MIN(end - first, (uint64_t)LAB_RANGE_FRAMES_MAX);
		put(out, LAB_RECORD_RANGE, range, (uint32_t)(first | frames << 12));
	}
}

static void put_machine(struct output *out, const struct lab_scenario_machine *from)
{
	struct lab_scenario_machine machine = *from;
	uint32_t rest = (uint32_t)(machine.frame_count - 1) | (machine.cpu_count - 1) << 12 | machine.order_max << 16;
	uint64_t end = 0;

	if (rest)
		put(out, LAB_RECORD_MACHINE, 0, rest);
	/* All is NORMAL until said otherwise. */
	for (size_t i = 0; i < machine.span_count; i++) {
		const struct lab_span *span = &machine.spans[i];

		put_range(out, LAB_RANGE_HOLE, end, span->first_frame);
		end = span->first_frame + span->frame_count;
		if (span->zone == LAB_ZONE_DMA)
			put_range(out, LAB_RANGE_DMA, span->first_frame, end);
	}
	put_range(out, LAB_RANGE_HOLE, end, machine.frame_count);
	for (unsigned i = 0; i < LAB_MARK_COUNT * LAB_ZONE_COUNT; i++) {
		uint64_t mark = *lab_mark_of(&machine.zones[i % LAB_ZONE_COUNT], (enum lab_mark)(i / LAB_ZONE_COUNT));

		if (mark)
			put(out, LAB_RECORD_MARKS, i, (uint32_t)mark);
	}
}

static void put_op(struct output *out, unsigned selector, const struct lab_op *op)
{
	const struct lab_op_info *info = &lab_op_infos[op->kind];
	uint32_t peer = op->peer,
		 rest = op->slot | (uint32_t)op->order << 4 | (uint32_t)(op->irq_save || op->comes) << 4;

	if (info->peer == LAB_PEER_CONTEXT || info->peer == LAB_PEER_HANDLER)
		lab_assert_cmp(op->peer, <, LAB_FUZZ_CONTEXTS);
	if (info->peer == LAB_PEER_CONTEXT)
		peer = out->ids[op->peer];
	else if (info->peer == LAB_PEER_HANDLER)
		peer = out->ids[op->peer] - LAB_FUZZ_FIRST_LINE;
	rest |= info->operands & LAB_TAKES_SLOT ? peer << 8 : peer;
	rest |= (op->gfp | (uint32_t)op->value) << 8;
	put(out, lab_record_of_op(op->kind), selector, rest);
}

static void put_contexts(struct output *out, const struct lab_scenario *scenario)
{
	for (size_t i = 0; i < scenario->context_count; i++) {
		const struct lab_scenario_context *context = &scenario->contexts[i];
		uint32_t rest = context->cpu;

		if (lab_is_handler(context))
			rest |= (uint32_t)(context->kind - LAB_CONTEXT_SOFTIRQ) << 2;
		/* Its operations say by themselves that a context is there; task 0 always is. */
		if (rest || (i && !context->op_count))
			put(out, LAB_RECORD_CONTEXT, out->ids[i], rest);
		for (size_t op = 0; op < context->op_count; op++)
			put_op(out, out->ids[i], &scenario->ops[context->first_op + op]);
	}
}

static void put_schedule(struct output *out, const struct lab_scenario *scenario)
{
	for (size_t i = 0; i < scenario->directive_count; i++) {
		const struct lab_directive *directive = &scenario->directives[i];
		unsigned host;

		lab_assert_cmp(directive->context, <, LAB_FUZZ_CONTEXTS);
		lab_assert_cmp(directive->host, <, LAB_FUZZ_CONTEXTS);
		host = directive->kind == LAB_DIRECTIVE_FIRE_AT ? out->ids[directive->host] : 0;

		put(out, LAB_RECORD_DIRECTIVE, out->ids[directive->context],
		    directive->kind | host << 2 | directive->count << 8);
	}
	for (size_t i = 0; i < scenario->schedule_bytes; i += 3) {
		unsigned count = (unsigned)LAB_MIN(scenario->schedule_bytes - i, (size_t)3);
		uint32_t rest = 0;

		for (unsigned k = 0; k < count; k++)
			rest |= (uint32_t)scenario->schedule[i + k] << (8 * k);
		put(out, LAB_RECORD_SCHEDULE, count, rest);
	}
}

enum lab_status lab_scenario_encode(const struct lab_scenario *scenario, uint8_t *bytes, size_t room, size_t *ret_bytes)
{
	struct output out = {.bytes = bytes, .room = room};

	if (!lab_fuzz_form_fits(scenario))
		return LAB_INVALID;
	number_contexts(scenario, &out);
	put_machine(&out, &scenario->machine);
	put_contexts(&out, scenario);
	put_schedule(&out, scenario);
	*ret_bytes = out.count;
	return out.count <= room ? LAB_OK : LAB_NO_MEMORY;
}
