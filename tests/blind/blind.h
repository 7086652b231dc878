/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_BLIND_H
#define LAB_TESTS_BLIND_H

#include <stdlib.h>
#include <string.h>

#include <labyrinth/target.h>

/*
 * What the allocators of this folder share. They are written as a stranger would write one: nothing of ours but the
 * ABI, the compiler's own atomics, all of them sequentially consistent. BUG is 1 or 0: with its bug, or its clean twin.
 */
#define blind_load(at)             __atomic_load_n(at, __ATOMIC_SEQ_CST)
#define blind_store(at, value)     __atomic_store_n(at, value, __ATOMIC_SEQ_CST)
#define blind_add(at, value)       __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST)
#define blind_sub(at, value)       __atomic_fetch_sub(at, value, __ATOMIC_SEQ_CST)
#define blind_or(at, value)        __atomic_fetch_or(at, value, __ATOMIC_SEQ_CST)
#define blind_and(at, value)       __atomic_fetch_and(at, value, __ATOMIC_SEQ_CST)
#define blind_swap(at, value)      __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST)
#define blind_cas(at, seen, value) __atomic_compare_exchange_n(at, seen, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define BLIND_NOTHING UINT64_MAX

static inline void *blind_block(const struct lab_machine *machine, uint64_t frame)
{
	return (char *)machine->base + (frame << machine->page_shift);
}

static inline uint64_t blind_frame(const struct lab_machine *machine, const void *block)
{
	return (uint64_t)((const char *)block - (const char *)machine->base) >> machine->page_shift;
}

/* The span that holds the frame; NULL in a hole. */
static inline const struct lab_span *blind_span(const struct lab_machine *machine, uint64_t frame)
{
	for (size_t i = 0; i < machine->span_count; i++)
		if (frame - machine->spans[i].first_frame < machine->spans[i].frame_count)
			return &machine->spans[i];
	return NULL;
}

static inline bool blind_zone_serves(enum lab_zone zone, lab_gfp gfp)
{
	return zone == LAB_ZONE_DMA || !(gfp & LAB_GFP_DMA);
}

static inline uint64_t blind_total(const struct lab_machine *machine)
{
	uint64_t total = 0;

	for (size_t i = 0; i < machine->span_count; i++)
		total += machine->spans[i].frame_count;
	return total;
}

static inline uint64_t blind_floor(const struct lab_zone_marks *marks, lab_gfp gfp)
{
	enum lab_class right = lab_gfp_class(gfp);

	if (right == LAB_CLASS_MEMALLOC)
		return 0;
	return lab_class_floor(right, marks->min) +
	       marks->lowmem_reserve[gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL];
}

/* First fit in a span, over a byte a frame that is 0 while the frame is free. */
static inline uint64_t blind_first_fit(uint8_t *used, const struct lab_span *span, unsigned order)
{
	uint64_t count = UINT64_C(1) << order, end = span->first_frame + span->frame_count;

	for (uint64_t at = (span->first_frame + count - 1) / count * count; at + count <= end; at += count) {
		uint64_t i = 0;

		while (i < count && !used[at + i])
			i++;
		if (i < count)
			continue;
		memset(used + at, 1, count);
		return at;
	}
	return BLIND_NOTHING;
}

/* The same over all spans that serve the request, the last one first: DMA's come first. */
static inline uint64_t blind_fit(uint8_t *used, const struct lab_machine *machine, lab_gfp gfp, unsigned order)
{
	uint64_t at = BLIND_NOTHING;

	for (size_t i = machine->span_count; i-- > 0 && at == BLIND_NOTHING;)
		if (blind_zone_serves(machine->spans[i].zone, gfp))
			at = blind_first_fit(used, &machine->spans[i], order);
	return at;
}

static inline enum lab_status blind_answer(const struct lab_machine *machine, uint64_t frame, void **ret_block)
{
	if (frame == BLIND_NOTHING)
		return LAB_NO_MEMORY;
	*ret_block = blind_block(machine, frame);
	return LAB_OK;
}

/* The table and the one symbol; what comes after the caps are further members. */
#define BLIND_TARGET(id, prefix, promises, ...)                                                                        \
	__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)                         \
	{                                                                                                              \
		static const struct lab_target target = {.abi = LAB_TARGET_ABI,                                        \
							 .size = sizeof(target),                                       \
							 .name = id,                                                   \
							 .summary = BUG ? id " with its bug" : id ", clean",           \
							 .caps = promises,                                             \
							 .create = prefix##_create,                                    \
							 .destroy = prefix##_destroy,                                  \
							 .alloc = prefix##_alloc,                                      \
							 .free = prefix##_free,                                        \
							 .page_shift_min = 6,                                          \
							 __VA_ARGS__};                                                 \
		return &target;                                                                                        \
	}

#endif
