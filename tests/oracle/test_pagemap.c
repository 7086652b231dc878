/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/time.h>

#include <cmocka.h>

#include "base/prng.h"
#include "oracle/pagemap.h"

#define PAGES   512u
#define THREADS 4u

static struct lab_pagemap *map;

static void test_find_and_add(void **state)
{
	struct lab_cell *cell;

	assert_int_equal(lab_pagemap_create(64, &map), LAB_OK);
	assert_null(lab_pagemap_find(map, 7));
	cell = lab_pagemap_add(map, 7);
	assert_non_null(cell);
	assert_ptr_equal(lab_pagemap_find(map, 7), cell);
	assert_ptr_equal(lab_pagemap_add(map, 7), cell);
	assert_ptr_not_equal(lab_pagemap_add(map, UINT64_MAX), cell);
	assert_null(lab_pagemap_find(map, 8));
	lab_store_relaxed(&cell->owner, 1);
	lab_pagemap_clear(map);
	assert_null(lab_pagemap_find(map, 7));
	cell = lab_pagemap_add(map, 7);
	assert_int_equal(lab_load_relaxed(&cell->owner), 0);
	lab_pagemap_destroy(map);
}

static void test_full_pool_answers_null(void **state)
{
	uint64_t page = 0;

	assert_int_equal(lab_pagemap_create(1, &map), LAB_OK);
	while (lab_pagemap_add(map, page) && page <= 1u << 16)
		page++;
	assert_int_equal(page, 1u << 16);
	assert_non_null(lab_pagemap_find(map, page - 1));
	assert_non_null(lab_pagemap_add(map, 0));
	assert_null(lab_pagemap_add(map, page + 1));
	lab_pagemap_destroy(map);
}

/* Each walker adds every page in an order of its own and counts it there. */
static void walk(uint64_t stride)
{
	for (uint64_t i = 0; i < PAGES; i++)
		lab_fetch_add_relaxed(&lab_pagemap_add(map, i * stride % PAGES)->pattern, 1); /* relaxed: a count */
}

static void *walker(void *arg)
{
	walk(*(const uint64_t *)arg);
	return NULL;
}

/* Two that add one page at once must get the same cell, or an owner would be missed. */
static void test_one_cell_a_page(void **state)
{
	uint64_t strides[THREADS] = {1, 3, 5, 511};
	pthread_t threads[THREADS];

	assert_int_equal(lab_pagemap_create(64, &map), LAB_OK);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, walker, &strides[i]), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (uint64_t page = 0; page < PAGES; page++)
		assert_int_equal(lab_load_relaxed(&lab_pagemap_find(map, page)->pattern), THREADS);
	lab_pagemap_destroy(map);
}

static lab_atomic64 interrupts;

static void on_signal(int signal)
{
	walk(7);
	lab_fetch_add_relaxed(&interrupts, 1); /* relaxed: a count */
}

/* A handler may cut in at any instruction of an add on its own thread. */
static void test_interrupted_add(void **state)
{
	const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = on_signal}, before;
	uint64_t rounds = 0;

	assert_int_equal(lab_pagemap_create(64, &map), LAB_OK);
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	while (lab_load_relaxed(&interrupts) < 200) { /* relaxed: a count */
		walk(3);
		rounds++;
		if (rounds % 16 == 0)
			raise(SIGALRM); /* where signals are held back, as under ThreadSanitizer */
	}
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	for (uint64_t page = 0; page < PAGES; page++)
		assert_int_equal(lab_load_relaxed(&lab_pagemap_find(map, page)->pattern),
				 rounds + lab_load_relaxed(&interrupts));
	lab_pagemap_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_and_add),
		cmocka_unit_test(test_full_pool_answers_null),
		cmocka_unit_test(test_one_cell_a_page),
		cmocka_unit_test(test_interrupted_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
