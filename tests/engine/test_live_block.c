/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_rig.h"
#include "plat/sanitizer.h"
#include "sleep_calls.h"
#include "target/registry.h"

#include <dlfcn.h>
#include <stdio.h>

/* R07 by calls of the C library that a plug-in makes, whether they have to wait or not. usage: test_live_block MODULE
 */

static const char *file;
static const struct lab_target *target;
static unsigned *choice;

static const char *const names[SLEEP_COUNT] = {
	[SLEEP_MUTEX] = "call=pthread_mutex_lock in",
	[SLEEP_MUTEX_TIMED] = "call=pthread_mutex_timedlock in",
	[SLEEP_READ] = "call=pthread_rwlock_rdlock in",
	[SLEEP_WRITE] = "call=pthread_rwlock_wrlock in",
	[SLEEP_BARRIER] = "call=pthread_barrier_wait in",
	[SLEEP_JOIN] = "call=pthread_join in",
	[SLEEP_SEMAPHORE] = "call=sem_wait in",
	[SLEEP_C11] = "call=mtx_lock in",
	[SLEEP_NANO] = "call=nanosleep in",
	[SLEEP_CLOCK] = "call=clock_nanosleep in",
	[SLEEP_MICRO] = "call=usleep in",
	[SLEEP_SECONDS] = "call=sleep in",
};

static bool next(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	const lab_gfp *gfp = arg;
	bool full = actor->slots[0].block != NULL;

	if (actor->kind != LAB_CONTEXT_TASK && !full &&
	    lab_load_relaxed(&actor->counts.ops[LAB_OP_FREE]) >= lab_load_relaxed(&actor->counts.runs))
		return false;
	*ret_op = (struct lab_op){.kind = full ? LAB_OP_FREE : LAB_OP_ALLOC, .gfp = *gfp};
	return true;
}

static struct lab_live *run(enum sleep_call call, lab_gfp gfp, unsigned levels)
{
	const struct lab_live_driver driver = {.next = next, .arg = &gfp};
	struct lab_live_config config = lab_test_rig_config(2);
	struct lab_live *live;

	config.target = target;
	config.levels = levels;
	assert_int_equal(lab_live_create(&config, &live), LAB_OK);
	*choice = call;
	assert_int_equal(lab_live_run(live, &driver, 0, 400), LAB_OK);
	*choice = SLEEP_NOT;
	return live;
}

/* ThreadSanitizer forgets a thread that joins itself, and ends the program when we join it. */
static bool is_tried(unsigned call)
{
	return !LAB_SANITIZER_THREAD || call != SLEEP_JOIN;
}

static void test_each_call(void **state)
{
	for (unsigned call = SLEEP_MUTEX; call < SLEEP_COUNT; call++) {
		const void *const *stack;
		struct lab_live *live;

		if (!is_tried(call))
			continue;
		live = run((enum sleep_call)call, LAB_GFP_ATOMIC, 0);
		lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, names[call]);
		assert_true(lab_live_stack(live, &stack) > 2);
		assert_true(lab_live_destroy(live));
	}
}

/* A request that may sleep may do all of it. */
static void test_no_atomic_request(void **state)
{
	for (unsigned call = SLEEP_MUTEX; call < SLEEP_COUNT; call++) {
		struct lab_live *live;

		if (!is_tried(call))
			continue;
		live = run((enum sleep_call)call, LAB_GFP_KERNEL, 0);
		lab_test_rig_expect_clean(live);
		assert_true(lab_live_destroy(live));
	}
}

/* An atomic one does what does not block, and its thread-locals are there. */
static void test_what_does_not_sleep(void **state)
{
	struct lab_live *live = run(SLEEP_NOT, LAB_GFP_ATOMIC, RIG_LEVELS);

	lab_test_rig_expect_clean(live);
	assert_true(lab_live_destroy(live));
}

static int open_module(void **state)
{
	char message[256];
	void *handle;

	if (lab_target_open(file, &target, message, sizeof(message)) != LAB_OK) {
		print_error("%s\n", message);
		return -1;
	}
	handle = dlopen(file, RTLD_NOW | RTLD_NOLOAD);
	choice = handle ? dlsym(handle, "sleep_choice") : NULL;
	return choice ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_does_not_sleep), /* first, while malloc has nothing at hand */
		cmocka_unit_test(test_no_atomic_request),
		cmocka_unit_test(test_each_call),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s MODULE\n", argv[0]);
		return 2;
	}
	file = argv[1];
	return cmocka_run_group_tests_name("live-block", tests, open_module, NULL);
}
