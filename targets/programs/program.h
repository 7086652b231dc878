/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGETS_PROGRAMS_PROGRAM_H
#define LAB_TARGETS_PROGRAMS_PROGRAM_H

#include <labyrinth/target.h>

/*
 * Small concurrent programs with one known mistake each, as allocators of at most 64 single frames: what `labyrinth
 * bench sim` measures the strategies on. They are made for the engine's schedules, which are sequentially consistent.
 */

static const struct lab_machine *program_machine;

static inline void *program_block(uint64_t frame)
{
	return (char *)program_machine->base + (frame << program_machine->page_shift);
}

static inline uint64_t program_frame(const void *block)
{
	return (uint64_t)((const char *)block - (const char *)program_machine->base) >> program_machine->page_shift;
}

static inline uint64_t program_load(const uint64_t *word)
{
	/* seq_cst here and below: what the engine gives, whatever is asked */
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void program_store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline bool program_swap(uint64_t *word, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* A bit for each frame, set while it is taken: the part of a program that is right. UINT64_MAX: all are. */
static inline uint64_t program_take(uint64_t *taken)
{
	for (;;) {
		uint64_t word = program_load(taken), frame = (uint64_t)__builtin_ctzll(~word);

		if (frame >= program_machine->frame_count)
			return UINT64_MAX;
		if (program_swap(taken, word, word | UINT64_C(1) << frame))
			return frame;
	}
}

static inline void program_give(uint64_t *taken, uint64_t frame)
{
	__atomic_fetch_and(taken, ~(UINT64_C(1) << frame), __ATOMIC_SEQ_CST);
}

static inline enum lab_status program_create(const struct lab_machine *machine, void **ret_self)
{
	program_machine = machine;
	*ret_self = &program_machine;
	return machine->frame_count < 64 ? LAB_OK : LAB_UNSUPPORTED;
}

static inline void program_destroy(void *self)
{
}

/* The module's one symbol; a program has create, allocate and release. */
#define PROGRAM(title, what, promises)                                                                                 \
	__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)                         \
	{                                                                                                              \
		static const struct lab_target target = {                                                              \
			.abi = LAB_TARGET_ABI,                                                                         \
			.size = sizeof(target),                                                                        \
			.name = title,                                                                                 \
			.summary = what,                                                                               \
			.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | (promises),                                              \
			.create = create,                                                                              \
			.destroy = program_destroy,                                                                    \
			.alloc = allocate,                                                                             \
			.free = release,                                                                               \
			.page_shift_min = 6,                                                                           \
		};                                                                                                     \
                                                                                                                       \
		return &target;                                                                                        \
	}

#endif
