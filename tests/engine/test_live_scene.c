/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/live_scene.h"
#include "live_rig.h"
#include "plat/atomic.h"
#include "scenario/validate.h"

#include <stdio.h>
#include <string.h>

#define MS      UINT64_C(1000000)
#define CALLS   300u
#define CULPRIT 1u /* the thread that breaks the rule */

static lab_atomic32 calls;

/* R07: a handler of one thread asks to sleep. */
static void hook_sleep(const struct lab_request *request)
{
	if (lab_test_rig_host->context() == LAB_CONTEXT_HARDIRQ && lab_test_rig_host->cpu() == CULPRIT &&
	    lab_fetch_add_relaxed(&calls, 1) >= CALLS)
		lab_test_rig_host->might_sleep();
}

static struct lab_live *run(unsigned threads)
{
	struct lab_live_config config = lab_test_rig_config(threads);

	lab_store_relaxed(&calls, 0);
	lab_test_rig_hook = hook_sleep;
	return lab_test_rig_run(&config, 5000 * MS, 0);
}

static size_t ops_of(const struct lab_scenario *scenario, const struct lab_scenario_context *context,
		     enum lab_op_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < context->op_count; i++)
		count += scenario->ops[context->first_op + i].kind == kind;
	return count;
}

static void test_the_finder_comes_first(void **state)
{
	struct lab_live *live = run(3);
	const struct lab_scenario_context *last = NULL;
	struct lab_scenario scene;
	char message[160];

	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, "might_sleep");
	lab_scenario_init(&scene);
	lab_live_scene(live, &scene);
	if (lab_scenario_validate(&scene, message, sizeof(message)) != LAB_OK)
		fail_msg("%s", message);
	assert_int_equal(scene.machine.cpu_count, 3);
	assert_int_equal(scene.machine.frame_count, 512);
	assert_string_equal(scene.contexts[0].name, "task-1");
	assert_int_equal(scene.contexts[0].cpu, 0);
	for (size_t i = 0; i < scene.context_count; i++)
		if (scene.contexts[i].cpu == 0 && scene.contexts[i].kind == LAB_CONTEXT_HARDIRQ)
			last = &scene.contexts[i];
	/* What the firing did that ran into the finding, and no more: each has one alloc. */
	assert_non_null(last);
	assert_memory_equal(last->name, "hardirq-1-", strlen("hardirq-1-"));
	assert_int_equal(ops_of(&scene, last, LAB_OP_ALLOC), 1);
	lab_scenario_free(&scene);
	assert_true(lab_live_destroy(live));
}

/* Each thing that is freed was allocated before, in the events or at their start: a task's slot is never empty. */
static void test_what_is_in_hand_was_allocated(void **state)
{
	struct lab_live *live = run(2);
	struct lab_scenario scene;

	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, NULL);
	lab_scenario_init(&scene);
	lab_live_scene(live, &scene);
	for (size_t i = 0; i < scene.context_count; i++) {
		const struct lab_scenario_context *context = &scene.contexts[i];
		bool full = false;

		for (size_t at = 0; at < context->op_count; at++) {
			const struct lab_op *op = &scene.ops[context->first_op + at];

			if (op->kind != LAB_OP_ALLOC && op->kind != LAB_OP_FREE)
				continue;
			assert_true(full == (op->kind == LAB_OP_FREE));
			full = !full;
		}
	}
	assert_true(ops_of(&scene, &scene.contexts[0], LAB_OP_FREE) > 0);
	lab_scenario_free(&scene);
	assert_true(lab_live_destroy(live));
}

static void test_many_threads_are_cut_down(void **state)
{
	struct lab_live *live = run(LAB_LIVE_SCENE_CPUS + 4);
	struct lab_scenario scene;

	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, NULL);
	lab_scenario_init(&scene);
	lab_live_scene(live, &scene);
	assert_int_equal(scene.machine.cpu_count, LAB_LIVE_SCENE_CPUS);
	assert_string_equal(scene.contexts[0].name, "task-1");
	lab_scenario_free(&scene);
	assert_true(lab_live_destroy(live));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_finder_comes_first),
		cmocka_unit_test(test_what_is_in_hand_was_allocated),
		cmocka_unit_test(test_many_threads_are_cut_down),
	};

	return cmocka_run_group_tests_name("live_scene", tests, NULL, NULL);
}
