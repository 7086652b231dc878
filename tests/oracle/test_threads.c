/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/prng.h"
#include "oracle/oracle.h"
#include "plat/atomic.h"
#include "target/registry.h"
#include "tests/target/fixture.h"

/*
 * The oracle under threads: a right target is not accused, however the calls overlap, and one that gives a block to two
 * threads is. Under ThreadSanitizer this also shows that the oracle's own words are no races.
 */

#define THREADS 4u
#define STEPS   3000u
#define HELD    6u

static struct {
	struct lab_fixture fixture;
	const struct lab_target *target;
	void *self;
	struct lab_oracle *oracle;
	lab_atomic64 findings[LAB_RULE_COUNT];
} run;

static const char *actor_name(void *arg, unsigned actor)
{
	static const char *const names[THREADS] = {"task 0", "task 1", "task 2", "task 3"};

	return names[actor];
}

static void note(void *arg, const struct lab_finding *finding)
{
	lab_fetch_add_relaxed(&run.findings[finding->rule], 1); /* relaxed: read after the threads were joined */
}

struct held {
	void *block;
	struct lab_request request;
};

static void release(unsigned actor, struct held *held)
{
	struct lab_call call;
	enum lab_status status;

	lab_oracle_free_begin(run.oracle, &call, actor, held->block, &held->request);
	status = run.target->free(run.self, held->block, &held->request);
	lab_oracle_free_end(run.oracle, &call, held->block, status);
	held->block = NULL;
}

static void acquire(unsigned actor, uint64_t generation, lab_gfp gfp, unsigned order, struct held *held)
{
	struct lab_request request = {.gfp = gfp, .order = order, .owner = lab_owner_make(actor + 1, generation)};
	struct lab_call call;
	void *block = NULL;
	enum lab_status status;

	lab_oracle_alloc_begin(run.oracle, &call, actor, &request);
	status = run.target->alloc(run.self, &request, &block);
	lab_oracle_alloc_end(run.oracle, &call, status, block);
	if (status == LAB_OK) {
		*held = (struct held){block, request};
		lab_oracle_touch(run.oracle, actor, block, &request);
	}
}

static void *actor_main(void *arg)
{
	static const lab_gfp classes[] = {LAB_GFP_KERNEL, LAB_GFP_ATOMIC, LAB_GFP_MEMALLOC | LAB_GFP_SHRED,
					  LAB_GFP_KERNEL | LAB_GFP_ZERO};
	unsigned actor = *(const unsigned *)arg;
	struct held held[HELD] = {{0}};
	struct lab_prng prng;

	lab_prng_seed(&prng, 1, actor);
	for (uint64_t step = 1; step <= STEPS; step++) {
		struct held *slot = &held[lab_prng_below(&prng, HELD)];

		if (slot->block)
			release(actor, slot);
		else
			acquire(actor, step, classes[lab_prng_below(&prng, LAB_ARRAY_COUNT(classes))],
				(unsigned)lab_prng_below(&prng, 3), slot);
	}
	for (unsigned i = 0; i < HELD; i++)
		if (held[i].block)
			release(actor, &held[i]);
	return NULL;
}

static void prepare(const struct lab_target *target)
{
	static const struct lab_span spans[] = {{0, 16, LAB_ZONE_DMA}, {20, 30, LAB_ZONE_NORMAL}};
	struct lab_oracle_config config = {
		.machine = &run.fixture.machine,
		.target = target,
		.actor_count = THREADS,
		.actor_name = actor_name,
		.report = note,
	};

	memset(&run, 0, sizeof(run));
	run.target = target;
	lab_fixture_init(&run.fixture, 6, LAB_ORDER_MAX, spans, LAB_ARRAY_COUNT(spans));
	run.fixture.zones[LAB_ZONE_NORMAL].min = 9;
	assert_int_equal(lab_oracle_create(&config, &run.oracle), LAB_OK);
	assert_int_equal(target->create(&run.fixture.machine, &run.self), LAB_OK);
}

static void run_threads(void)
{
	static unsigned actors[THREADS] = {0, 1, 2, 3};
	pthread_t threads[THREADS];

	lab_oracle_census(run.oracle);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, actor_main, &actors[i]), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void end_run(void)
{
	run.target->destroy(run.self);
	lab_oracle_destroy(run.oracle);
	lab_fixture_fini(&run.fixture);
}

static void assert_clean(void)
{
	lab_oracle_quiesce(run.oracle, run.self);
	for (unsigned rule = 0; rule < LAB_RULE_COUNT; rule++)
		if (lab_load_relaxed(&run.findings[rule])) /* relaxed: the threads were joined */
			fail_msg("%s", lab_rule_info(rule)->id);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		assert_int_equal(lab_oracle_owned(run.oracle, zone), 0);
}

static void test_locked_is_clean(void **state)
{
	prepare(&lab_target_locked);
	run_threads();
	assert_clean();
	assert_true(lab_oracle_low_water(run.oracle, LAB_ZONE_NORMAL, LAB_CLASS_ORDINARY) >= 9);
	end_run();
}

static void test_malloc_is_clean(void **state)
{
	prepare(&lab_target_malloc);
	run_threads();
	assert_clean();
	assert_int_equal(lab_oracle_unwatched(run.oracle), 0);
	end_run();
}

/* Every block of this one starts at one of a few frames of which nobody keeps count. */
static enum lab_status careless_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	static lab_atomic64 turn;
	uint64_t frame = 20 + lab_fetch_add_relaxed(&turn, 1) % 5 * 4; /* relaxed: any frame does */

	*ret_block = lab_fixture_block(&run.fixture, frame);
	return LAB_OK;
}

static enum lab_status careless_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

/* By turns on one thread: the same calls on several would be the race that R11 is about. */
static void test_double_ownership_is_found(void **state)
{
	struct lab_target target = lab_target_locked;
	struct held first = {0}, second = {0};

	target.alloc = careless_alloc;
	target.free = careless_free;
	prepare(&target);
	for (unsigned i = 0; i < 5; i++)
		acquire(0, 1 + i, LAB_GFP_MEMALLOC, 1, &first);
	for (unsigned rule = 0; rule < LAB_RULE_COUNT; rule++)
		assert_int_equal(lab_load_relaxed(&run.findings[rule]), 0); /* relaxed: one thread, here and below */
	acquire(1, 1, LAB_GFP_MEMALLOC, 0, &second);
	assert_int_equal(lab_load_relaxed(&run.findings[LAB_R01_EXCLUSIVE_OWNERSHIP]), 1);
	/* The second owner's calls leave the first one's words and books alone. */
	release(1, &second);
	release(0, &first);
	assert_int_equal(lab_load_relaxed(&run.findings[LAB_R11_ISOLATION]), 0);
	assert_int_equal(lab_oracle_owned(run.oracle, LAB_ZONE_NORMAL), 8);
	end_run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locked_is_clean),
		cmocka_unit_test(test_malloc_is_clean),
		cmocka_unit_test(test_double_ownership_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
