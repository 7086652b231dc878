/* SPDX-License-Identifier: Apache-2.0 */
#include "core/park.h"

#include "base/bits.h"

/* The bits of a half-word whose frames are its chunk's: beside them another span's may lie. */
static uint32_t frames_of(const struct lab_arena *arena, const struct lab_half *half)
{
	const struct lab_chunk_info *info = lab_chunk_info(arena, half->chunk);
	uint64_t from = LAB_MAX(half->first_frame, (uint64_t)info->first_frame);
	uint64_t to = LAB_MIN(half->first_frame + LAB_HALF_FRAMES, (uint64_t)info->end_frame);

	return from < to ? (uint32_t)(lab_bits_low((unsigned)(to - from)) << (from - half->first_frame)) : 0;
}

uint64_t lab_park_take_any(const struct lab_arena *arena, unsigned cpu, uint64_t number, unsigned bit)
{
	struct lab_half half = lab_half_of(arena, number);
	unsigned zone = lab_chunk_info(arena, half.chunk)->zone;
	uint32_t frames = frames_of(arena, &half), here = frames & ~(uint32_t)lab_bits_low(bit);

	for (unsigned turn = 0; turn < 2; turn++, here = frames & ~here)
		for (uint32_t left = here; left; left &= left - 1)
			if (lab_park_take(arena, cpu, zone, half.first_frame + lab_bits_first(left)))
				return half.first_frame + lab_bits_first(left);
	return LAB_FRAME_NONE;
}

uint32_t lab_park_take_all(const struct lab_arena *arena, unsigned cpu, uint64_t number)
{
	struct lab_half half = lab_half_of(arena, number);
	unsigned zone = lab_chunk_info(arena, half.chunk)->zone;
	uint32_t taken = 0;

	for (uint32_t left = frames_of(arena, &half); left; left &= left - 1)
		if (lab_park_take(arena, cpu, zone, half.first_frame + lab_bits_first(left)))
			taken |= left & -left;
	return taken;
}

uint32_t lab_park_look(const struct lab_arena *arena, unsigned cpu, uint64_t number)
{
	struct lab_half half = lab_half_of(arena, number);
	uint64_t parked = lab_park_word(cpu, lab_chunk_info(arena, half.chunk)->zone);
	uint32_t seen = 0;

	for (uint32_t left = frames_of(arena, &half); left; left &= left - 1)
		/* Relaxed: a snapshot. */
		if (lab_load_relaxed(&arena->pages[half.first_frame + lab_bits_first(left)].owner) == parked)
			seen |= left & -left;
	return seen;
}
