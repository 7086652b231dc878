/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_ring.h"

#include <inttypes.h>

#include "scenario/text.h"

/*
 * The packed operation: kind, slot, order, context kind, status, peer from the low byte up; a status of
 * LAB_STATUS_COUNT says that the operation has not ended, which is what one looks for first after a hang.
 */
enum { AT_KIND = 0, AT_SLOT = 8, AT_ORDER = 16, AT_CONTEXT = 24, AT_STATUS = 32, AT_PEER = 48 };
#define STATUS_MASK (UINT64_C(0xff) << AT_STATUS)

static unsigned field(uint64_t what, unsigned at)
{
	return (unsigned)(what >> at) & 0xffu;
}

unsigned lab_live_ring_begin(struct lab_live_ring *ring, uint64_t time_ms, const struct lab_actor *actor,
			     const struct lab_op *op)
{
	/* relaxed: an interrupt between taking a place and filling it takes another; no other thread writes */
	unsigned index = lab_fetch_add_relaxed(&ring->next, 1);
	struct lab_live_event *event = &ring->events[index % LAB_LIVE_EVENTS];
	uint64_t what = (uint64_t)op->kind << AT_KIND | (uint64_t)op->slot << AT_SLOT |
			(uint64_t)op->order << AT_ORDER | (uint64_t)actor->kind << AT_CONTEXT |
			(uint64_t)LAB_STATUS_COUNT << AT_STATUS | (uint64_t)op->peer << AT_PEER;

	/* relaxed: a reader of a thread that runs may see halves of two events, and prints no more than a hint */
	lab_store_relaxed(&event->time_ms, time_ms);
	lab_store_relaxed(&event->what, what);
	lab_store_relaxed(&event->argument, op->kind == LAB_OP_ALLOC ? op->gfp : op->value);
	lab_store_relaxed(&event->block, (uintptr_t)actor->slots[op->slot].block);
	return index;
}

void lab_live_ring_end(struct lab_live_ring *ring, unsigned index, enum lab_status status, const void *block)
{
	struct lab_live_event *event = &ring->events[index % LAB_LIVE_EVENTS];
	uint64_t what;

	/* relaxed, as in begin; a storm of handlers may have taken the place over since */
	if (lab_load_relaxed(&ring->next) - index > LAB_LIVE_EVENTS)
		return;
	what = lab_load_relaxed(&event->what);
	lab_store_relaxed(&event->what, (what & ~STATUS_MASK) | (uint64_t)status << AT_STATUS);
	if (block)
		lab_store_relaxed(&event->block, (uintptr_t)block);
}

static void print_event(const struct lab_live_event *event, const struct lab_machine *machine, FILE *out)
{
	/* relaxed: the thread has ended, and its end was waited for, or it is stuck; see the head of live_ring.h */
	uint64_t what = lab_load_relaxed(&event->what);
	uint64_t argument = lab_load_relaxed(&event->argument);
	uint64_t block = lab_load_relaxed(&event->block), base = (uintptr_t)machine->base;
	enum lab_op_kind kind = (enum lab_op_kind)field(what, AT_KIND);
	enum lab_status status = (enum lab_status)field(what, AT_STATUS);
	char gfp[96];

	fprintf(out, "  %8" PRIu64 " ms  %-7s  %-16s", lab_load_relaxed(&event->time_ms),
		lab_context_kind_name((enum lab_context_kind)field(what, AT_CONTEXT)), lab_op_name(kind));
	if (kind == LAB_OP_ALLOC) {
		lab_gfp_format((lab_gfp)argument, gfp, sizeof(gfp));
		fprintf(out, " slot %u order %u %s", field(what, AT_SLOT), field(what, AT_ORDER), gfp);
	} else {
		fprintf(out, " slot %u peer %u value %" PRIu64, field(what, AT_SLOT), (unsigned)(what >> AT_PEER),
			argument);
	}
	if (block >= base && block - base < machine->frame_count << machine->page_shift)
		fprintf(out, " frame %" PRIu64, (block - base) >> machine->page_shift);
	else if (block)
		fprintf(out, " block %#" PRIx64, block);
	fprintf(out, " -> %s\n", status == LAB_STATUS_COUNT ? "not ended" : lab_status_name(status));
}

void lab_live_ring_print(const struct lab_live_ring *ring, const struct lab_machine *machine, FILE *out)
{
	/* relaxed, as in print_event */
	unsigned next = lab_load_relaxed(&ring->next);

	for (unsigned i = next > LAB_LIVE_EVENTS ? next - LAB_LIVE_EVENTS : 0; i != next; i++)
		print_event(&ring->events[i % LAB_LIVE_EVENTS], machine, out);
}
