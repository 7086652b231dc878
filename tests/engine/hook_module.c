/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <labyrinth/target.h>

#include "hook_steps.h"

/*
 * A target that allocates nothing: each alloc does the next step of hook_steps.h and is refused unless all came out
 * right. Plain C: what a user's allocator would be made of. Written so that no compiler can leave an access out.
 */

static uint8_t n8 = 8;
static uint16_t n16 = 16;
static uint32_t n32 = 32;
static uint64_t n64 = 64;
static volatile uint32_t volatile32 = 7;
static struct __attribute__((packed)) {
	char before;
	uint64_t word;
	uint32_t half;
} packed;
struct object {
	uint64_t words[3];
};
static struct object source = {{1, 2, 3}}, sink;
static char bytes[256];
static const uint32_t table[] = {10, 20, 30, 40};
static _Thread_local uint32_t local = 5;
static unsigned step;
static char block[64] __attribute__((aligned(64)));
#ifdef __SIZEOF_INT128__
static unsigned __int128 wide_word;
#endif

/* Keeps a value, and where it came from, out of the compiler's sight. */
#define OPAQUE(value)                                                                                                  \
	({                                                                                                             \
		__typeof__(value) opaque_ = (value);                                                                   \
		__asm__ volatile("" : "+r"(opaque_)::"memory");                                                        \
		opaque_;                                                                                               \
	})
#define BETWEEN __asm__ volatile("" ::: "memory")

static bool load8(void)
{
	return *OPAQUE(&n8) == 8;
}
static bool load16(void)
{
	return *OPAQUE(&n16) == 16;
}
static bool load32(void)
{
	return *OPAQUE(&n32) == 32;
}
static bool load64(void)
{
	return *OPAQUE(&n64) == 64;
}
static bool store8(void)
{
	*OPAQUE(&n8) = 9;
	BETWEEN;
	return true;
}
static bool store16(void)
{
	*OPAQUE(&n16) = 9;
	BETWEEN;
	return true;
}
static bool store32(void)
{
	*OPAQUE(&n32) = 9;
	BETWEEN;
	return true;
}
static bool store64(void)
{
	*OPAQUE(&n64) = 9;
	BETWEEN;
	return true;
}

typedef uint64_t pair __attribute__((vector_size(16)));
static pair both;

static bool store128(void)
{
	*OPAQUE(&both) = (pair){1, 2};
	BETWEEN;
	return true;
}

static bool increment(void)
{
	++*OPAQUE(&n32);
	BETWEEN;
	return true;
}

static bool volatile_store(void)
{
	volatile32 = 11;
	return true;
}

static bool volatile_load(void)
{
	return volatile32 == 11;
}

static bool unaligned(void)
{
	bool good = OPAQUE(&packed)->word == 0;

	OPAQUE(&packed)->half = 3;
	BETWEEN;
	return good;
}

static bool object_copy(void)
{
	*OPAQUE(&sink) = *OPAQUE(&source);
	BETWEEN;
	return true;
}

static bool memory_copy(void)
{
	memcpy(OPAQUE(&bytes[64]), OPAQUE(&bytes[0]), OPAQUE((size_t)20));
	return true;
}

static bool memory_move(void)
{
	memmove(OPAQUE(&bytes[1]), OPAQUE(&bytes[0]), OPAQUE((size_t)32));
	return true;
}

static bool memory_fill(void)
{
	memset(OPAQUE(&bytes[0]), 0x5a, OPAQUE((size_t)130));
	return true;
}

#define ATOMIC(bits)                                                                                                   \
	static bool atomic##bits(void)                                                                                 \
	{                                                                                                              \
		static uint##bits##_t word;                                                                            \
		uint##bits##_t expected = 1;                                                                           \
		bool good;                                                                                             \
                                                                                                                       \
		__atomic_store_n(&word, 1, __ATOMIC_RELEASE);                                                          \
		good = __atomic_load_n(&word, __ATOMIC_ACQUIRE) == 1;                                                  \
		good &= __atomic_compare_exchange_n(&word, &expected, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);   \
		good &= !__atomic_compare_exchange_n(&word, &expected, 3, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);  \
		good &= expected == 2;                                                                                 \
		return good && __atomic_exchange_n(&word, 4, __ATOMIC_RELAXED) == 2;                                   \
	}

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

static bool arithmetic(void)
{
	static uint32_t word = 12;
	bool good = __atomic_fetch_add(&word, 3, __ATOMIC_RELAXED) == 12;

	good &= __atomic_fetch_sub(&word, 1, __ATOMIC_RELAXED) == 15;
	good &= __atomic_fetch_and(&word, 12, __ATOMIC_RELAXED) == 14;
	good &= __atomic_fetch_or(&word, 3, __ATOMIC_RELAXED) == 12;
	good &= __atomic_fetch_xor(&word, 1, __ATOMIC_RELAXED) == 15;
	good &= __atomic_fetch_nand(&word, 6, __ATOMIC_RELAXED) == 14;
	return good && __atomic_load_n(&word, __ATOMIC_RELAXED) == ~(uint32_t)6;
}

static bool weak(void)
{
	static uint64_t word = 1;
	uint64_t expected = 1;

	return __atomic_compare_exchange_n(&word, &expected, 2, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool fences(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return true;
}

/* Of the running context's own stack nobody else knows. */
static bool stack(void)
{
	volatile uint32_t mine = 3;

	return mine == 3;
}

static bool read_only(void)
{
	const uint32_t *entry = OPAQUE(&table[2]);

	return *entry == 30;
}

static bool heap(void)
{
	uint32_t *number = malloc(sizeof(*number)), *cleared = calloc(1, sizeof(*cleared));
	bool good;

	*OPAQUE(number) = 6;
	BETWEEN;
	good = *OPAQUE(number) == 6 && *OPAQUE(cleared) == 0;
	free(number);
	free(cleared);
	return good;
}

/* 5 in every run and for every task, whatever others made of theirs. */
static bool thread_local(void)
{
	uint32_t *mine = OPAQUE(&local);
	uint32_t seen = *mine;

	BETWEEN;
	*mine = seen + 1;
	BETWEEN;
	return seen == 5;
}

#if defined(__SIZEOF_INT128__) && (!defined(__x86_64__) || defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_16)) &&            \
	defined(__clang__)
static bool wide(void)
{
	unsigned __int128 high = (unsigned __int128)1 << 100;
	bool good = __sync_val_compare_and_swap(&wide_word, 0, high) == 0;

	good &= __atomic_fetch_add(&wide_word, 1, __ATOMIC_RELAXED) == high;
	return good && __atomic_load_n(&wide_word, __ATOMIC_RELAXED) == high + 1;
}
#else
/* gcc calls libatomic for these, with or without instrumentation, so they stay uninterrupted. */
static bool wide(void)
{
	return true;
}
#endif

static bool (*const steps[])(void) = {
#define STEP(name, ...) name,
	HOOK_STEPS(STEP)
#undef STEP
};

static enum lab_status steps_create(const struct lab_machine *machine, void **ret_self)
{
	*ret_self = block;
	return LAB_OK;
}

static void steps_destroy(void *self)
{
}

/* The count of steps is not to be seen: the inner hand of the test. */
__attribute__((no_sanitize("thread"))) static enum lab_status steps_alloc(void *self, const struct lab_request *request,
									  void **ret_block)
{
	if (!steps[step++]())
		return LAB_NO_MEMORY;
	*ret_block = block;
	return LAB_OK;
}

static enum lab_status steps_free(void *self, void *freed, const struct lab_request *request)
{
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "hook-steps",
		.summary = "does every kind of access",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = steps_create,
		.destroy = steps_destroy,
		.alloc = steps_alloc,
		.free = steps_free,
		.page_shift_min = 6,
	};

	return &target;
}
