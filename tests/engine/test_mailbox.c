/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/mailbox.h"

static struct lab_parcel parcel_of(uintptr_t number)
{
	return (struct lab_parcel){.block = (void *)number, .request = {.owner = number * 3, .order = number % 11}};
}

static void test_first_in_first_out(void **state)
{
	struct lab_mailbox mailbox;
	struct lab_parcel parcel;
	uintptr_t put = 1, taken = 1;

	lab_mailbox_init(&mailbox);
	assert_false(lab_mailbox_take(&mailbox, &parcel));
	for (unsigned round = 0; round < 3; round++) { /* more than once around the ring */
		for (unsigned i = 0; i < LAB_MAILBOX_ROOM; i++, put++) {
			parcel = parcel_of(put);
			assert_true(lab_mailbox_put(&mailbox, &parcel));
		}
		parcel = parcel_of(9999);
		assert_false(lab_mailbox_put(&mailbox, &parcel));
		for (unsigned i = 0; i < LAB_MAILBOX_ROOM; i++, taken++) {
			assert_true(lab_mailbox_take(&mailbox, &parcel));
			assert_int_equal((uintptr_t)parcel.block, taken);
			assert_int_equal(parcel.request.owner, taken * 3);
		}
		assert_false(lab_mailbox_take(&mailbox, &parcel));
	}
}

/*
 * An interrupt between its host's claim and publication, as the words then stand: the host has moved tail, its cell is
 * not published. The interrupt's put goes behind it, its take answers empty at once, and nothing is lost afterwards.
 */
static void test_interrupted_put(void **state)
{
	struct lab_mailbox mailbox;
	struct lab_parcel parcel = parcel_of(2);

	lab_mailbox_init(&mailbox);
	(void)lab_fetch_add_relaxed(&mailbox.tail, 1); /* one thread: the host's claim of position 0 */
	assert_true(lab_mailbox_put(&mailbox, &parcel));
	assert_false(lab_mailbox_take(&mailbox, &parcel));
	mailbox.cells[0].parcel = parcel_of(1);
	lab_store_release(&mailbox.cells[0].turn, 1); /* the host's publication, to the takes below */
	assert_true(lab_mailbox_take(&mailbox, &parcel));
	assert_int_equal((uintptr_t)parcel.block, 1);
	assert_true(lab_mailbox_take(&mailbox, &parcel));
	assert_int_equal((uintptr_t)parcel.block, 2);
	assert_false(lab_mailbox_take(&mailbox, &parcel));
}

/* The same in the middle of a take of a full mailbox: the cell is not let go of, so a put answers full at once. */
static void test_interrupted_take(void **state)
{
	struct lab_mailbox mailbox;
	struct lab_parcel parcel;

	lab_mailbox_init(&mailbox);
	for (uintptr_t i = 1; i <= LAB_MAILBOX_ROOM; i++) {
		parcel = parcel_of(i);
		assert_true(lab_mailbox_put(&mailbox, &parcel));
	}
	(void)lab_fetch_add_relaxed(&mailbox.head, 1); /* one thread: the host's claim of position 0 */
	parcel = parcel_of(100);
	assert_false(lab_mailbox_put(&mailbox, &parcel));
	assert_true(lab_mailbox_take(&mailbox, &parcel));
	assert_int_equal((uintptr_t)parcel.block, 2);
	lab_store_release(&mailbox.cells[0].turn, LAB_MAILBOX_ROOM); /* the host lets go, to the put below */
	parcel = parcel_of(100);
	assert_true(lab_mailbox_put(&mailbox, &parcel));
}

#define PRODUCERS  3u
#define PER_THREAD 20000u

struct shared {
	struct lab_mailbox mailbox;
	uint64_t *cargo; /* plain words: ThreadSanitizer sees whether put and take order them */
};

struct producer {
	struct shared *shared;
	unsigned index;
};

static void *produce(void *arg)
{
	const struct producer *self = arg;

	for (unsigned i = 0; i < PER_THREAD; i++) {
		uint64_t *word = &self->shared->cargo[self->index * PER_THREAD + i];
		struct lab_parcel parcel = {.block = word, .request = {.owner = self->index, .gfp = i}};

		*word = i + 1;
		while (!lab_mailbox_put(&self->shared->mailbox, &parcel))
			sched_yield();
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct shared *shared = calloc(1, sizeof(*shared));
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	uint32_t next[PRODUCERS] = {0};
	uint64_t taken = 0;

	shared->cargo = calloc(PRODUCERS * PER_THREAD, sizeof(*shared->cargo));
	lab_mailbox_init(&shared->mailbox);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){shared, i};
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	while (taken < PRODUCERS * PER_THREAD) {
		struct lab_parcel parcel;

		if (!lab_mailbox_take(&shared->mailbox, &parcel)) {
			sched_yield();
			continue;
		}
		/* each producer's parcels come in its order, once, with their contents */
		assert_int_equal(parcel.request.gfp, next[parcel.request.owner]++);
		assert_int_equal(*(uint64_t *)parcel.block, parcel.request.gfp + 1);
		taken++;
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	assert_false(lab_mailbox_take(&shared->mailbox, &(struct lab_parcel){0}));
	free(shared->cargo);
	free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_in_first_out),
		cmocka_unit_test(test_interrupted_put),
		cmocka_unit_test(test_interrupted_take),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
