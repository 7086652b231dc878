/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: check-then-take
 * rule:  R03 R18
 * found: explore stress
 *
 * Single frames behind a bitmap of atomic words, and a count of free ones a zone, which the watermarks are compared
 * with. The bug: the count is compared, and then changed.
 */
#include "blind.h"

struct counted {
	const struct lab_machine *machine;
	int64_t free_count[LAB_ZONE_COUNT];
	uint64_t words[]; /* a set bit is a free frame */
};

static enum lab_status counted_create(const struct lab_machine *machine, void **ret_self)
{
	struct counted *counted = calloc(1, sizeof(*counted) + (machine->frame_count + 63) / 64 * 8);

	if (!counted)
		return LAB_SYSTEM;
	counted->machine = machine;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		counted->free_count[zone] = (int64_t)machine->zones[zone].frames;
	for (uint64_t frame = 0; frame < machine->frame_count; frame++)
		if (blind_span(machine, frame))
			counted->words[frame / 64] |= UINT64_C(1) << frame % 64;
	*ret_self = counted;
	return LAB_OK;
}

static void counted_destroy(void *self)
{
	free(self);
}

static bool reserve(struct counted *counted, unsigned zone, int64_t floor)
{
	int64_t seen = blind_load(&counted->free_count[zone]);

	if (BUG) {
		if (seen - 1 < floor)
			return false;
		blind_sub(&counted->free_count[zone], 1);
		return true;
	}
	do
		if (seen - 1 < floor)
			return false;
	while (!blind_cas(&counted->free_count[zone], &seen, seen - 1));
	return true;
}

static uint64_t take_bit(struct counted *counted, const struct lab_span *span)
{
	uint64_t end = span->first_frame + span->frame_count;

	for (uint64_t at = span->first_frame; at < end; at++) {
		uint64_t bit = UINT64_C(1) << at % 64;

		if (blind_load(&counted->words[at / 64]) & bit && blind_and(&counted->words[at / 64], ~bit) & bit)
			return at;
	}
	return BLIND_NOTHING;
}

static enum lab_status counted_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct counted *counted = self;
	const struct lab_machine *machine = counted->machine;

	for (unsigned zone = LAB_ZONE_COUNT; zone-- > 0 && !request->order;) {
		int64_t floor = (int64_t)blind_floor(&machine->zones[zone], request->gfp);

		if (!blind_zone_serves((enum lab_zone)zone, request->gfp) || !reserve(counted, zone, floor))
			continue;
		for (size_t i = 0; i < machine->span_count; i++) {
			uint64_t frame =
				machine->spans[i].zone == zone ? take_bit(counted, &machine->spans[i]) : BLIND_NOTHING;

			if (frame != BLIND_NOTHING)
				return blind_answer(machine, frame, ret_block);
		}
		blind_add(&counted->free_count[zone], 1);
	}
	return LAB_NO_MEMORY;
}

static enum lab_status counted_free(void *self, void *block, const struct lab_request *request)
{
	struct counted *counted = self;
	uint64_t frame = blind_frame(counted->machine, block);

	(void)request;
	blind_or(&counted->words[frame / 64], UINT64_C(1) << frame % 64);
	blind_add(&counted->free_count[blind_span(counted->machine, frame)->zone], 1);
	return LAB_OK;
}

BLIND_TARGET("reserve-count", counted, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI | LAB_CAP_RESERVE)
