/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "plat/coroutine.h"

#define STACK_BYTES (64u << 10)

struct ring {
	struct lab_coroutine *outside, *members[3];
	unsigned order[16], steps;
};

struct member {
	struct ring *ring;
	unsigned index;
};

/* Each keeps a number and a real on its own stack over its switches, and passes on to the next. */
static void member_body(void *arg)
{
	const struct member *self = arg;
	struct ring *ring = self->ring;
	unsigned mine = self->index * 100;
	double real = self->index + 0.5;

	for (;;) {
		ring->order[ring->steps++] = mine++;
		assert_true(real == self->index + 0.5 + (mine - 1) % 100);
		real += 1.0;
		lab_coroutine_switch(ring->members[self->index],
				     self->index < 2 ? ring->members[self->index + 1] : ring->outside);
	}
}

static void test_ring(void **state)
{
	struct ring ring = {0};
	struct member members[3];
	static const unsigned expected[] = {0, 100, 200, 1, 101, 201, 2, 102, 202};

	assert_int_equal(lab_coroutine_adopt(&ring.outside), LAB_OK);
	for (unsigned i = 0; i < 3; i++) {
		members[i] = (struct member){&ring, i};
		assert_int_equal(lab_coroutine_create(STACK_BYTES, member_body, &members[i], &ring.members[i]), LAB_OK);
	}
	for (unsigned round = 0; round < 3; round++)
		lab_coroutine_switch(ring.outside, ring.members[0]);
	assert_int_equal(ring.steps, 9);
	assert_memory_equal(ring.order, expected, sizeof(expected));
	for (unsigned i = 0; i < 3; i++)
		lab_coroutine_destroy(ring.members[i]);
	lab_coroutine_destroy(ring.outside);
}

struct deep {
	struct lab_coroutine *outside, *self;
	uintptr_t entry_stack;
	char text[64];
};

/* The stack is aligned as the ABI wants it: printf of a real with vectors would fault otherwise. */
static void deep_body(void *arg)
{
	struct deep *deep = arg;
	__attribute__((aligned(16))) volatile char aligned[16];

	deep->entry_stack = (uintptr_t)aligned;
	snprintf(deep->text, sizeof(deep->text), "%.3f %d", 1.25, 7);
	lab_coroutine_switch(deep->self, deep->outside);
	assert_true(0);
}

/* A coroutine may be given up in its middle, and its place used by a new one. */
static void test_given_up(void **state)
{
	for (unsigned round = 0; round < 8; round++) {
		struct deep deep = {0};

		assert_int_equal(lab_coroutine_adopt(&deep.outside), LAB_OK);
		assert_int_equal(lab_coroutine_create(STACK_BYTES, deep_body, &deep, &deep.self), LAB_OK);
		lab_coroutine_switch(deep.outside, deep.self);
		assert_string_equal(deep.text, "1.250 7");
		assert_int_equal(deep.entry_stack % 16, 0);
		lab_coroutine_destroy(deep.self);
		lab_coroutine_destroy(deep.outside);
	}
	lab_coroutine_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
