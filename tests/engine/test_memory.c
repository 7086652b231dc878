/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bits.h"
#include "engine/memory.h"

/* The memory model beside what litmus programs say (test_litmus.c): its bounds, and memory that changes otherwise. */

#define RLX __ATOMIC_RELAXED
#define ACQ __ATOMIC_ACQUIRE
#define REL __ATOMIC_RELEASE

static struct lab_memory_access at(unsigned cpu, const void *object, size_t bytes, int order)
{
	return (struct lab_memory_access){
		.cpu = cpu, .context = 10 + cpu, .order = order, .object = object, .bytes = bytes, .code = 7};
}

/* What everybody finds at first, and what all know after a meeting, is old to nobody. */
static void test_meeting(void **state)
{
	struct lab_memory *memory = *state;
	uint64_t word = 0;
	struct lab_memory_access store = at(0, &word, 8, RLX), load = at(1, &word, 8, RLX);

	lab_memory_meet(memory, 2);
	assert_int_equal(lab_memory_choices(memory, &load), 0);
	lab_memory_store(memory, &store, 5);
	word = 5;
	assert_int_equal(lab_memory_choices(memory, &load), 1);
	assert_int_equal(lab_memory_load(memory, &load, 1).value, 0);
	assert_int_equal(lab_memory_load(memory, &load, 0).value, 5);
	assert_int_equal(lab_memory_load(memory, &load, 0).context, 10);
	assert_int_equal(lab_memory_choices(memory, &load), 0);
	lab_memory_store(memory, &store, 6);
	word = 6;
	assert_int_equal(lab_memory_choices(memory, &load), 1);
	lab_memory_meet(memory, 2);
	assert_int_equal(lab_memory_choices(memory, &load), 0);
}

/* A few stores are kept, and a few times something old is read: a loop comes to its end. */
static void test_bounds(void **state)
{
	struct lab_memory *memory = *state;
	uint32_t word = 0;
	struct lab_memory_access store = at(0, &word, 4, RLX), load = at(1, &word, 4, RLX);

	lab_memory_meet(memory, 2);
	for (uint32_t i = 1; i < 10; i++) {
		lab_memory_store(memory, &store, i);
		word = i;
	}
	assert_int_equal(lab_memory_choices(memory, &load), LAB_MEMORY_DEPTH - 1);
	for (unsigned i = 0; i < LAB_MEMORY_STALE; i++) {
		assert_true(lab_memory_choices(memory, &load) > 0);
		assert_int_equal(lab_memory_usual(memory, &load, 1), i ? 1 : 0);
		assert_int_equal(lab_memory_load(memory, &load, 1).value, 8);
	}
	assert_int_equal(lab_memory_choices(memory, &load), 0);
}

/* Words that lie side by side are none of one another's business; those that overlap are read as they are. */
static void test_widths(void **state)
{
	struct lab_memory *memory = *state;
	struct {
		_Alignas(8) uint32_t halves[2];
	} both = {{0, 0}};
	struct lab_memory_access low = at(0, &both.halves[0], 4, REL), high = at(0, &both.halves[1], 4, RLX),
				 whole = at(1, &both, 8, ACQ), look = at(1, &both.halves[1], 4, RLX),
				 other = at(1, &both.halves[0], 4, RLX);

	lab_memory_meet(memory, 2);
	lab_memory_store(memory, &high, 1);
	both.halves[1] = 1;
	assert_int_equal(lab_memory_choices(memory, &look), 1);
	assert_int_equal(lab_memory_choices(memory, &other), 0);
	lab_memory_store(memory, &low, 1);
	both.halves[0] = 1;
	assert_int_equal(lab_memory_choices(memory, &other), 1);
	assert_int_equal(lab_memory_choices(memory, &look), 1);
	assert_int_equal(lab_memory_choices(memory, &whole), 0);
	assert_true(lab_memory_load(memory, &whole, 0).value == (UINT64_C(1) << 32 | 1));
	assert_int_equal(lab_memory_choices(memory, &look), 0);
	assert_int_equal(lab_memory_choices(memory, &other), 0);
}

/* More words than there is room for: what they pass on is passed on all the same, and they hold what they hold. */
static void test_many_words(void **state)
{
	static uint64_t words[3000], data;
	struct lab_memory *memory = *state;
	struct lab_memory_access store, load = at(1, &data, 8, RLX);

	lab_memory_meet(memory, 2);
	store = at(0, &data, 8, RLX);
	lab_memory_store(memory, &store, 1);
	data = 1;
	assert_int_equal(lab_memory_choices(memory, &load), 1);
	for (size_t i = 0; i < LAB_ARRAY_COUNT(words); i++) {
		store = at(0, &words[i], 8, REL);
		lab_memory_store(memory, &store, 1);
		words[i] = 1;
	}
	load = at(1, &words[2999], 8, ACQ);
	assert_int_equal(lab_memory_choices(memory, &load), 0);
	words[2999] = 7;
	assert_int_equal(lab_memory_load(memory, &load, 0).value, 7);
	load = at(1, &data, 8, RLX);
	assert_int_equal(lab_memory_choices(memory, &load), 0);
}

/* Memory that was written past all hooks, or that is another's now. */
static void test_unseen_writes(void **state)
{
	struct lab_memory *memory = *state;
	uint64_t word = 0;
	struct lab_memory_access store = at(0, &word, 8, RLX), load = at(1, &word, 8, RLX);

	lab_memory_meet(memory, 2);
	for (unsigned way = 0; way < 3; way++) {
		lab_memory_store(memory, &store, 1);
		word = 1;
		assert_int_equal(lab_memory_choices(memory, &load), 1);
		if (way == 0)
			word = 2;
		else if (way == 1)
			lab_memory_forget(memory, &word, sizeof(word));
		else
			lab_memory_plain(memory, 0, (char *)&word + 2, 1);
		assert_int_equal(lab_memory_choices(memory, &load), 0);
		if (way < 2)
			assert_int_equal(lab_memory_load(memory, &load, 0).value, word);
	}
}

static void test_tags(void **state)
{
	struct lab_memory *memory = *state;
	uint64_t word = 0;
	struct lab_memory_access store = at(0, &word, 8, RLX), load = at(1, &word, 8, RLX);

	lab_memory_meet(memory, 2);
	lab_memory_release(memory, 0, memory);
	lab_memory_store(memory, &store, 1);
	word = 1;
	lab_memory_acquire(memory, 1, memory);
	assert_int_equal(lab_memory_choices(memory, &load), 1);
	lab_memory_release(memory, 0, &word);
	lab_memory_acquire(memory, 1, memory);
	assert_int_equal(lab_memory_choices(memory, &load), 1);
	lab_memory_acquire(memory, 1, &word);
	assert_int_equal(lab_memory_choices(memory, &load), 0);
}

static int open_memory(void **state)
{
	*state = lab_memory_create();
	return *state ? 0 : -1;
}

static int close_memory(void **state)
{
	lab_memory_destroy(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meeting),    cmocka_unit_test(test_bounds),        cmocka_unit_test(test_widths),
		cmocka_unit_test(test_many_words), cmocka_unit_test(test_unseen_writes), cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests(tests, open_memory, close_memory);
}
