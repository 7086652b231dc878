/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <labyrinth/diagnose.h>

#include "fuzz.h"

/*
 * Metadata that is not trusted, as `labyrinth stat` reads it. The input is such metadata; and, since no fuzzer guesses
 * all its offsets, it is a second time what is written into that of a sound arena in use: before the check, or after
 * it. A record of six bytes: where (the first bit: after), and four bytes for it. Whatever comes of it must end, and
 * say nothing of frames that there are not.
 */
#define FRAMES       256u
#define CPUS         2u
#define ALIGN        64u
#define BLOCKS       20u
#define RECORD_BYTES 6u

static unsigned char *sound;
static size_t sound_bytes;

static _Noreturn void broken(const char *property)
{
	fprintf(stderr, "finding: fuzz_arena: %s\n", property);
	lab_fuzz_found = 1;
	abort();
}

static void *room_for(size_t bytes)
{
	void *room = aligned_alloc(ALIGN, (bytes + ALIGN - 1) / ALIGN * ALIGN);

	if (!room)
		exit(3);
	return room;
}

/* Only metadata is looked at, so no frame is ever touched. */
static void make_sound(void)
{
	static _Alignas(64) unsigned char frames[64];
	static const struct lab_span spans[] = {{0, 100, LAB_ZONE_DMA}, {120, FRAMES - 120, LAB_ZONE_NORMAL}};
	struct lab_arena_config config = {.frame_count = FRAMES,
					  .page_shift = 6,
					  .order_max = 7,
					  .cpu_count = CPUS,
					  .flags = LAB_ARENA_TRACE | LAB_ARENA_VIEWS,
					  .spans = spans,
					  .span_count = 2,
					  .base = frames};
	struct lab_arena arena;

	if (lab_arena_measure(&config, &sound_bytes) != LAB_OK)
		broken("the arena cannot be measured");
	sound = memset(room_for(sound_bytes), 0, sound_bytes);
	if (lab_arena_init(&arena, &config, sound, sound_bytes) != LAB_OK)
		broken("the arena cannot be made");
	for (unsigned i = 1; i <= BLOCKS; i++) {
		struct lab_alloc_request request = {
			.gfp = LAB_GFP_MEMALLOC, .order = i % 3, .cpu = i % CPUS, .owner = lab_owner_make(i, i)};
		struct lab_page *page;

		if (lab_page_alloc(&arena, &request, &page) != LAB_OK)
			broken("the arena has too little");
	}
}

static void look(const struct lab_arena *arena)
{
	uint64_t frames = lab_arena_frames(arena), held = 0;
	struct lab_arena_stat stat;
	struct lab_holder holder;

	lab_arena_stat(arena, &stat);
	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
		if (lab_zone_unusable(&stat.zones[LAB_ZONE_NORMAL], order) > 1000)
			broken("more is unusable than there is");
	for (uint64_t cursor = 0; lab_arena_holder_next(arena, &cursor, &holder);) {
		held += UINT64_C(1) << holder.order;
		if (holder.pfn >= frames || holder.depth > LAB_TRACE_DEPTH)
			broken("a holder of no frame");
	}
	if (held > frames)
		broken("more is held than there is");
	for (uint64_t frame = 0; frame < frames && frame < FRAMES; frame++)
		if (lab_frame_last_holder(arena, frame, &holder) && holder.pfn > frame)
			broken("a last holder who did not have the frame");
}

static void check_raw(const uint8_t *bytes, size_t count)
{
	unsigned char *copy = memcpy(room_for(count), bytes, count);
	struct lab_arena arena;

	if (lab_arena_watch(&arena, copy, count) == LAB_ARENA_SOUND)
		look(&arena);
	free(copy);
}

static void patch(unsigned char *metadata, const uint8_t *bytes, size_t count, bool after)
{
	for (size_t at = 0; at + RECORD_BYTES <= count; at += RECORD_BYTES) {
		size_t where = (size_t)bytes[at] | (size_t)(bytes[at + 1] & 0x7f) << 8;

		if (bytes[at + 1] >> 7 == after)
			memcpy(metadata + where * 4 % (sound_bytes - 4), bytes + at + 2, 4);
	}
}

static void check_patched(const uint8_t *bytes, size_t count)
{
	unsigned char *copy = memcpy(room_for(sound_bytes), sound, sound_bytes);
	struct lab_arena arena;

	patch(copy, bytes, count, false);
	if (lab_arena_watch(&arena, copy, sound_bytes) == LAB_ARENA_SOUND) {
		look(&arena);
		patch(copy, bytes, count, true);
		look(&arena);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	if (!sound)
		make_sound();
	check_raw(bytes, count);
	check_patched(bytes, count);
	return 0;
}
