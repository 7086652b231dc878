/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <stdarg.h>
#include <stdio.h>
#define XXH_INLINE_ALL /* short, and often */
#include <xxhash.h>

#include "scenario/text.h"

#include "base/bits.h"

const char *lab_sim_event_name(enum lab_sim_event kind)
{
	static const char *const names[LAB_SIM_EVENT_COUNT] = {
		"start", "operation end", "host service", "relax", "read", "write", "update",
	};

	return names[kind];
}

void lab_sim_record(struct lab_sim *sim, unsigned context, unsigned what, uint64_t a, uint64_t b)
{
	const uint64_t record[] = {context, what, a, b};

	/* Chained: each record is hashed with what came before it as the seed, so that order counts. */
	sim->result->event_hash = XXH3_64bits_withSeed(record, sizeof(record), sim->result->event_hash);
}

void lab_sim_trace(struct lab_sim *sim, const char *format, ...)
{
	char line[256];
	va_list arguments;
	int used;

	if (!sim->options.trace)
		return;
	used = snprintf(line, sizeof(line), "%6llu ", (unsigned long long)sim->events);
	va_start(arguments, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
	va_end(arguments);
	sim->options.trace(sim->options.arg, line);
}

const char *lab_sim_name(void *arg, unsigned index)
{
	struct lab_sim *sim = arg;
	struct lab_sim_context *context;

	if (index >= sim->exec.actor_count)
		return "engine";
	context = &sim->contexts[index];
	if (!context->label[0])
		snprintf(context->label, sizeof(context->label), "%s %s", lab_context_kind_name(context->plan->kind),
			 context->plan->name);
	return context->label;
}

/* The frame that the operation filled its slot with; only arena addresses mean the same in every run. */
static uint64_t frame_of(const struct lab_sim *sim, const struct lab_actor *actor, const struct lab_op *op,
			 enum lab_status status)
{
	const struct lab_machine *machine = sim->exec.machine;
	uintptr_t offset;

	if (status != LAB_OK || (op->kind != LAB_OP_ALLOC && op->kind != LAB_OP_TAKE) ||
	    !(sim->target->caps & LAB_CAP_ARENA))
		return UINT64_MAX;
	offset = (uintptr_t)actor->slots[op->slot].block - (uintptr_t)machine->base;
	return offset >> machine->page_shift;
}

void lab_sim_op_done(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op, enum lab_status status,
		     uint64_t ns)
{
	struct lab_sim *sim = exec->arg;
	uint64_t frame = frame_of(sim, actor, op, status);

	sim->result->op_count++;
	sim->shared |=
		sim->waiting_count || (op->kind != LAB_OP_ALLOC && op->kind != LAB_OP_FREE && op->kind != LAB_OP_TOUCH);
	if (op->kind == LAB_OP_WATERMARK)
		sim->min_highest[op->peer] = LAB_MAX(sim->min_highest[op->peer], op->value);
	for (unsigned i = 0; i < exec->actor_count && sim->waiting_count; i++) {
		if (!sim->strands[i].waiting)
			continue;
		sim->strands[i].waiting = false;
		sim->waiting_count--;
	}
	lab_sim_record(sim, actor->index, op->kind, status, frame);
	lab_sim_step_op_done(sim, actor, op, status);
	if (sim->options.op_done)
		sim->options.op_done(sim->options.arg, actor->index, op, status, frame);
	if (sim->options.trace) {
		char text[96];

		lab_op_format(sim->scenario, op, text, sizeof(text));
		if (frame == UINT64_MAX)
			lab_sim_trace(sim, "%s: %s: %s", lab_sim_name(sim, actor->index), text,
				      lab_status_name(status));
		else
			lab_sim_trace(sim, "%s: %s: %s, frame %llu", lab_sim_name(sim, actor->index), text,
				      lab_status_name(status), (unsigned long long)frame);
	}
}
