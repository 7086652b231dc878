/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_ring.h"

#include <inttypes.h>

#include "base/bits.h"
#include "scenario/text.h"
#include "scenario/words.h"

/*
 * The packed operation: kind, slot, order, context kind, status, firing, peer from the low byte up; a status of
 * LAB_STATUS_COUNT says that the operation has not ended, which is what one looks for first after a hang.
 */
enum { AT_KIND = 0, AT_SLOT = 8, AT_ORDER = 16, AT_CONTEXT = 24, AT_STATUS = 32, AT_FIRING = 40, AT_PEER = 48 };
#define BYTE UINT64_C(0xff)

static unsigned field(uint64_t what, unsigned at)
{
	return (unsigned)(what >> at & BYTE);
}

static uint64_t with_field(uint64_t what, unsigned at, uint64_t value)
{
	return (what & ~(BYTE << at)) | value << at;
}

static bool is_of_slot(enum lab_op_kind kind)
{
	return lab_op_infos[kind].operands & LAB_TAKES_SLOT;
}

unsigned lab_live_ring_begin(struct lab_live_ring *ring, uint64_t time_ms, const struct lab_actor *actor,
			     const struct lab_op *op)
{
	/* relaxed: an interrupt between taking a place and filling it takes another; no other thread writes */
	unsigned index = lab_fetch_add_relaxed(&ring->next, 1);
	struct lab_live_event *event = &ring->events[index % LAB_LIVE_EVENTS];
	const struct lab_held *held = &actor->slots[op->slot];
	bool of_held = is_of_slot(op->kind) && op->kind != LAB_OP_ALLOC;
	uint64_t what = (uint64_t)op->kind << AT_KIND | (uint64_t)op->slot << AT_SLOT |
			(uint64_t)(of_held ? held->request.order : op->order) << AT_ORDER |
			(uint64_t)actor->kind << AT_CONTEXT | (uint64_t)LAB_STATUS_COUNT << AT_STATUS |
			/* relaxed: the actor's own count */
			(lab_load_relaxed(&actor->counts.runs) & BYTE) << AT_FIRING | (uint64_t)op->peer << AT_PEER;

	/* relaxed: a reader of a thread that runs may see halves of two events, and takes them for no more than a hint
	 */
	lab_store_relaxed(&event->time_ms, time_ms);
	lab_store_relaxed(&event->what, what);
	lab_store_relaxed(&event->argument, of_held                    ? held->request.gfp
					    : op->kind == LAB_OP_ALLOC ? op->gfp
								       : op->value);
	lab_store_relaxed(&event->block, is_of_slot(op->kind) ? (uintptr_t)held->block : 0);
	return index;
}

void lab_live_ring_end(struct lab_live_ring *ring, unsigned index, enum lab_status status, const struct lab_held *held)
{
	struct lab_live_event *event = &ring->events[index % LAB_LIVE_EVENTS];
	uint64_t what;

	/* relaxed, as in begin; a storm of handlers may have taken the place over since */
	if (lab_load_relaxed(&ring->next) - index > LAB_LIVE_EVENTS)
		return;
	what = with_field(lab_load_relaxed(&event->what), AT_STATUS, status);
	if (held->block && is_of_slot((enum lab_op_kind)field(what, AT_KIND))) {
		lab_store_relaxed(&event->block, (uintptr_t)held->block);
		if (field(what, AT_KIND) == LAB_OP_TAKE) {
			what = with_field(what, AT_ORDER, held->request.order);
			lab_store_relaxed(&event->argument, held->request.gfp);
		}
	}
	lab_store_relaxed(&event->what, what);
}

static struct lab_live_seen read_event(const struct lab_live_event *event)
{
	/* relaxed: the thread has ended, and its end was waited for, or it is stuck; see the head of live_ring.h */
	uint64_t what = lab_load_relaxed(&event->what), argument = lab_load_relaxed(&event->argument);
	enum lab_op_kind kind = (enum lab_op_kind)(field(what, AT_KIND) % LAB_OP_KIND_COUNT);
	bool of_slot = is_of_slot(kind);

	return (struct lab_live_seen){
		.kind = (enum lab_context_kind)(field(what, AT_CONTEXT) % LAB_CONTEXT_KIND_COUNT),
		.firing = field(what, AT_FIRING),
		.op = {.kind = kind,
		       .slot = (uint8_t)(field(what, AT_SLOT) % LAB_SLOT_COUNT),
		       .order = (uint8_t)field(what, AT_ORDER),
		       .peer = (uint16_t)(what >> AT_PEER),
		       .gfp = of_slot ? (lab_gfp)argument : 0,
		       .value = of_slot ? 0 : argument},
		.status = (enum lab_status)LAB_MIN(field(what, AT_STATUS), (unsigned)LAB_STATUS_COUNT),
		.time_ms = lab_load_relaxed(&event->time_ms),
		.block = (uintptr_t)lab_load_relaxed(&event->block),
	};
}

unsigned lab_live_ring_read(const struct lab_live_ring *ring, struct lab_live_seen ret_seen[LAB_LIVE_EVENTS])
{
	/* relaxed, as in read_event */
	unsigned next = lab_load_relaxed(&ring->next), count = LAB_MIN(next, LAB_LIVE_EVENTS);

	for (unsigned i = 0; i < count; i++)
		ret_seen[i] = read_event(&ring->events[(next - count + i) % LAB_LIVE_EVENTS]);
	return count;
}

static void print_event(const struct lab_live_seen *seen, const struct lab_machine *machine, FILE *out)
{
	const struct lab_op *op = &seen->op;
	uintptr_t offset = seen->block - (uintptr_t)machine->base;
	char gfp[96];

	fprintf(out, "  %8" PRIu64 " ms  %-7s  %-16s", seen->time_ms, lab_context_kind_name(seen->kind),
		lab_op_name(op->kind));
	if (is_of_slot(op->kind))
		fprintf(out, " slot %u", op->slot);
	if (lab_op_infos[op->kind].peer != LAB_PEER_NONE)
		fprintf(out, " peer %u", op->peer);
	if (is_of_slot(op->kind) && (seen->block || op->kind == LAB_OP_ALLOC)) {
		lab_gfp_format(op->gfp, gfp, sizeof(gfp));
		fprintf(out, " order %u %s", op->order, gfp);
	}
	if (lab_op_infos[op->kind].operands & LAB_TAKES_VALUE)
		fprintf(out, " value %" PRIu64, op->value);
	if (seen->block && offset < machine->frame_count << machine->page_shift)
		fprintf(out, " frame %" PRIuPTR, offset >> machine->page_shift);
	else if (seen->block)
		fprintf(out, " block %#" PRIxPTR, seen->block);
	fprintf(out, " -> %s\n", seen->status == LAB_STATUS_COUNT ? "not ended" : lab_status_name(seen->status));
}

void lab_live_ring_print(const struct lab_live_ring *ring, const struct lab_machine *machine, FILE *out)
{
	struct lab_live_seen seen[LAB_LIVE_EVENTS];
	unsigned count = lab_live_ring_read(ring, seen);

	for (unsigned i = 0; i < count; i++)
		print_event(&seen[i], machine, out);
}
