/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "scenario/arrays.h"
#include "scenario/decode.h"
#include "scenario/mend.h"
#include "scenario/spans.h"
#include "scenario/validate.h"

/* Bytes of the records; docs/format.md has their layout. */
#define SPAN_BYTES      17u
#define ZONE_BYTES      40u
#define CONTEXT_LEAST   7u /* with a name of no byte */
#define OP_BYTES        18u
#define DIRECTIVE_BYTES 9u

struct wide {
	struct lab_reader reader;
	struct lab_scenario *scenario;
	struct lab_wide_error *error;
	size_t part_offset[LAB_PART_DIRECTIVE + 1]; /* where the records of a part begin */
};

static bool __attribute__((format(printf, 3, 4))) fail(struct wide *wide, size_t offset, const char *format, ...)
{
	va_list list;

	wide->error->offset = offset;
	va_start(list, format);
	vsnprintf(wide->error->message, sizeof(wide->error->message), format, list);
	va_end(list);
	return false;
}

/* False when fewer than count * least_bytes are left: so no count can ask for more memory than its bytes are. */
static bool has_room(struct wide *wide, const char *field, uint64_t count, size_t least_bytes)
{
	size_t left = wide->reader.count - wide->reader.offset;

	if (!wide->reader.short_of_bytes && count <= left / least_bytes)
		return true;
	return fail(wide, wide->reader.offset, "%s: %zu bytes are left, expected %" PRIu64 " records of at least %zu",
		    field, left, count, least_bytes);
}

static bool read_machine(struct wide *wide)
{
	struct lab_scenario_machine *machine = &wide->scenario->machine;
	struct lab_reader *reader = &wide->reader;

	if (!has_room(wide, "machine", 1, 12))
		return false;
	machine->frame_count = lab_read_uint(reader, 8);
	machine->page_shift = (unsigned)lab_read_uint(reader, 1);
	machine->cpu_count = (unsigned)lab_read_uint(reader, 1);
	machine->order_max = (unsigned)lab_read_uint(reader, 1);
	machine->span_count = lab_read_uint(reader, 1);
	if (machine->span_count > LAB_SPAN_MAX)
		return fail(wide, reader->offset - 1, "machine: span count is %zu, expected 1..%u", machine->span_count,
			    LAB_SPAN_MAX);
	wide->part_offset[LAB_PART_SPAN] = reader->offset;
	if (!has_room(wide, "spans", machine->span_count, SPAN_BYTES))
		return false;
	for (size_t i = 0; i < machine->span_count; i++) {
		machine->spans[i].first_frame = lab_read_uint(reader, 8);
		machine->spans[i].frame_count = lab_read_uint(reader, 8);
		machine->spans[i].zone = (enum lab_zone)lab_read_uint(reader, 1);
	}
	wide->part_offset[LAB_PART_ZONE] = reader->offset;
	if (!has_room(wide, "zones", LAB_ZONE_COUNT, ZONE_BYTES))
		return false;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_zone_marks *marks = &machine->zones[zone];

		marks->min = lab_read_uint(reader, 8);
		marks->low = lab_read_uint(reader, 8);
		marks->high = lab_read_uint(reader, 8);
		for (unsigned class = 0; class < LAB_ZONE_COUNT; class ++)
			marks->lowmem_reserve[class] = lab_read_uint(reader, 8);
		marks->frames = lab_spans_frames(machine, (enum lab_zone)zone);
	}
	return true;
}

static bool read_context(struct wide *wide, size_t index, size_t *op_total)
{
	struct lab_scenario_context *context = &wide->scenario->contexts[index];
	struct lab_reader *reader = &wide->reader;
	size_t offset = reader->offset, name_bytes;
	const uint8_t *name;

	memset(context, 0, sizeof(*context));
	name_bytes = lab_read_uint(reader, 1);
	if (name_bytes >= LAB_NAME_BYTES)
		return fail(wide, offset, "context %zu: name of %zu bytes, expected 1..%u", index, name_bytes,
			    LAB_NAME_BYTES - 1);
	name = lab_read_bytes(reader, name_bytes);
	if (name)
		memcpy(context->name, name, name_bytes);
	if (strnlen(context->name, name_bytes) != name_bytes)
		return fail(wide, offset, "context %zu: name with a zero byte, expected letters", index);
	context->kind = (enum lab_context_kind)lab_read_uint(reader, 1);
	context->cpu = (unsigned)lab_read_uint(reader, 1);
	context->first_op = *op_total;
	context->op_count = lab_read_uint(reader, 4);
	*op_total += context->op_count;
	if (reader->short_of_bytes)
		return fail(wide, offset, "context %zu: the form ends inside it", index);
	return true;
}

static bool read_contexts(struct wide *wide, size_t *op_total)
{
	struct lab_scenario *scenario = wide->scenario;
	size_t count = lab_read_uint(&wide->reader, 2);

	if (!count || count > LAB_CONTEXT_MAX)
		return fail(wide, wide->reader.offset, "context count is %zu, expected 1..%u", count, LAB_CONTEXT_MAX);
	wide->part_offset[LAB_PART_CONTEXT] = wide->reader.offset;
	if (!has_room(wide, "contexts", count, CONTEXT_LEAST))
		return false;
	lab_scenario_reserve(scenario, count, 0, 0, 0);
	scenario->context_count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_context(wide, i, op_total))
			return false;
	return true;
}

static bool read_ops(struct wide *wide, size_t count)
{
	struct lab_scenario *scenario = wide->scenario;
	struct lab_reader *reader = &wide->reader;

	wide->part_offset[LAB_PART_OP] = reader->offset;
	if (!has_room(wide, "ops", count, OP_BYTES))
		return false;
	lab_scenario_reserve(scenario, 0, count, 0, 0);
	scenario->op_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t offset = reader->offset;
		struct lab_op *op = &scenario->ops[i];
		uint64_t variant;

		op->kind = (enum lab_op_kind)lab_read_uint(reader, 1);
		op->slot = (uint8_t)lab_read_uint(reader, 1);
		op->order = (uint8_t)lab_read_uint(reader, 1);
		variant = lab_read_uint(reader, 1);
		op->irq_save = variant && op->kind != LAB_OP_MEMORY;
		op->comes = variant && op->kind == LAB_OP_MEMORY;
		op->peer = (uint16_t)lab_read_uint(reader, 2);
		op->gfp = (lab_gfp)lab_read_uint(reader, 4);
		op->value = lab_read_uint(reader, 8);
		if (variant > 1)
			return fail(wide, offset, "op %zu: irq is %" PRIu64 ", expected 0 or 1", i, variant);
	}
	return true;
}

static bool read_schedule(struct wide *wide)
{
	struct lab_scenario *scenario = wide->scenario;
	struct lab_reader *reader = &wide->reader;
	size_t count = lab_read_uint(reader, 4);

	wide->part_offset[LAB_PART_DIRECTIVE] = reader->offset;
	if (!has_room(wide, "directives", count, DIRECTIVE_BYTES))
		return false;
	lab_scenario_reserve(scenario, 0, 0, count, 0);
	scenario->directive_count = count;
	for (size_t i = 0; i < count; i++) {
		scenario->directives[i].kind = (enum lab_directive_kind)lab_read_uint(reader, 1);
		scenario->directives[i].context = (uint16_t)lab_read_uint(reader, 2);
		scenario->directives[i].host = (uint16_t)lab_read_uint(reader, 2);
		scenario->directives[i].count = (uint32_t)lab_read_uint(reader, 4);
	}
	count = lab_read_uint(reader, 4);
	if (!has_room(wide, "schedule", count, 1))
		return false;
	lab_scenario_add_schedule(scenario, lab_read_bytes(reader, count), count);
	if (reader->offset != reader->count)
		return fail(wide, reader->offset, "end: %zu bytes behind the schedule, expected none",
			    reader->count - reader->offset);
	return true;
}

/* Where the record of a flaw begins; contexts differ in size, so that they are told as a whole. */
static size_t flaw_offset(const struct wide *wide, const struct lab_flaw *flaw)
{
	static const size_t record_bytes[] = {
		[LAB_PART_SPAN] = SPAN_BYTES, [LAB_PART_ZONE] = ZONE_BYTES, [LAB_PART_CONTEXT] = 0,
		[LAB_PART_OP] = OP_BYTES,     [LAB_PART_MACHINE] = 0,       [LAB_PART_DIRECTIVE] = DIRECTIVE_BYTES};

	return wide->part_offset[flaw->part] + flaw->index * record_bytes[flaw->part];
}

enum lab_status lab_scenario_decode_wide(const uint8_t *bytes, size_t count, struct lab_scenario *ret_scenario,
					 struct lab_wide_error *ret_error)
{
	struct wide wide = {.reader = lab_reader_make(bytes, count), .scenario = ret_scenario, .error = ret_error};
	struct lab_flaw flaw;
	size_t op_total = 0;

	lab_scenario_clear(ret_scenario);
	if (read_machine(&wide) && read_contexts(&wide, &op_total) && read_ops(&wide, op_total) &&
	    read_schedule(&wide)) {
		lab_scenario_find_flaw(ret_scenario, &flaw);
		if (!flaw.found)
			return LAB_OK;
		ret_error->offset = flaw_offset(&wide, &flaw);
		lab_flaw_format(&flaw, ret_error->message, sizeof(ret_error->message));
	}
	lab_scenario_clear(ret_scenario);
	return LAB_INVALID;
}

static void write_machine(struct lab_writer *out, const struct lab_scenario_machine *machine)
{
	lab_write_uint(out, machine->frame_count, 8);
	lab_write_uint(out, machine->page_shift, 1);
	lab_write_uint(out, machine->cpu_count, 1);
	lab_write_uint(out, machine->order_max, 1);
	lab_write_uint(out, machine->span_count, 1);
	for (size_t i = 0; i < machine->span_count; i++) {
		lab_write_uint(out, machine->spans[i].first_frame, 8);
		lab_write_uint(out, machine->spans[i].frame_count, 8);
		lab_write_uint(out, machine->spans[i].zone, 1);
	}
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		lab_write_uint(out, machine->zones[zone].min, 8);
		lab_write_uint(out, machine->zones[zone].low, 8);
		lab_write_uint(out, machine->zones[zone].high, 8);
		for (unsigned class = 0; class < LAB_ZONE_COUNT; class ++)
			lab_write_uint(out, machine->zones[zone].lowmem_reserve[class], 8);
	}
}

static void write_context(struct lab_writer *out, const struct lab_scenario_context *context)
{
	size_t name_bytes = strnlen(context->name, LAB_NAME_BYTES);

	lab_write_uint(out, name_bytes, 1);
	lab_write_bytes(out, context->name, name_bytes);
	lab_write_uint(out, context->kind, 1);
	lab_write_uint(out, context->cpu, 1);
	lab_write_uint(out, context->op_count, 4);
}

static void write_op(struct lab_writer *out, const struct lab_op *op)
{
	lab_write_uint(out, op->kind, 1);
	lab_write_uint(out, op->slot, 1);
	lab_write_uint(out, op->order, 1);
	lab_write_uint(out, op->irq_save || op->comes, 1);
	lab_write_uint(out, op->peer, 2);
	lab_write_uint(out, op->gfp, 4);
	lab_write_uint(out, op->value, 8);
}

enum lab_status lab_scenario_encode_wide(const struct lab_scenario *scenario, uint8_t **ret_bytes, size_t *ret_count)
{
	struct lab_writer out = {.bytes = NULL};
	char message[160];

	if (scenario->op_count > UINT32_MAX || scenario->directive_count > UINT32_MAX ||
	    scenario->schedule_bytes > UINT32_MAX ||
	    lab_scenario_validate(scenario, message, sizeof(message)) != LAB_OK)
		return LAB_INVALID;
	write_machine(&out, &scenario->machine);
	lab_write_uint(&out, scenario->context_count, 2);
	for (size_t i = 0; i < scenario->context_count; i++)
		write_context(&out, &scenario->contexts[i]);
	for (size_t i = 0; i < scenario->op_count; i++)
		write_op(&out, &scenario->ops[i]);
	lab_write_uint(&out, scenario->directive_count, 4);
	for (size_t i = 0; i < scenario->directive_count; i++) {
		lab_write_uint(&out, scenario->directives[i].kind, 1);
		lab_write_uint(&out, scenario->directives[i].context, 2);
		lab_write_uint(&out, scenario->directives[i].host, 2);
		lab_write_uint(&out, scenario->directives[i].count, 4);
	}
	lab_write_uint(&out, scenario->schedule_bytes, 4);
	lab_write_bytes(&out, scenario->schedule, scenario->schedule_bytes);
	if (out.out_of_memory) {
		free(out.bytes);
		return LAB_NO_MEMORY;
	}
	*ret_bytes = out.bytes;
	*ret_count = out.count;
	return LAB_OK;
}
