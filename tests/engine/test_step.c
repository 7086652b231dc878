/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

/* What a run under a strategy tells of its steps. usage: test_step CORE LOCKED: their hooked modules. */

#define MACHINE "machine frames=64 cpus=2 order-max=3 page-shift=6\nzone normal frames=0+64 min=4 low=5 high=6\n"
#define STEPS   4096u

static char **files;

struct told {
	struct lab_rig rig;
	struct lab_sim_step steps[STEPS];
	size_t count, begun;
};

static void note(void *arg, const struct lab_sim_step *step)
{
	struct told *told = arg;

	if (step->fires)
		assert_int_equal(step->op->kind, LAB_OP_ALLOC);
	if (!step->ended) {
		told->begun++;
		return;
	}
	assert_int_equal(told->begun, told->count + 1); /* each begins before it ends */
	assert_true(told->count < STEPS);
	told->steps[told->count++] = *step;
}

/* One run in the engine's own order. */
static struct told *run(const char *file, const char *text)
{
	static struct told told;
	const struct lab_choices none = {0};

	memset(&told, 0, sizeof(told));
	lab_rig_open_hooked(&told.rig, file);
	told.rig.options.op_done = NULL;
	told.rig.options.step = note;
	told.rig.options.arg = &told;
	told.rig.options.strategy = lab_strategy_follow(&none, true);
	lab_rig_run(&told.rig, text);
	lab_strategy_destroy(told.rig.options.strategy);
	assert_false(told.rig.result.found);
	assert_int_equal(told.begun, told.count);
	lab_rig_close(&told.rig);
	return &told;
}

/* The first step that changes the word of that name. */
static const struct lab_sim_step *change_of(const struct told *told, const char *word)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->steps[i].word, word) == 0 && told->steps[i].before != told->steps[i].after)
			return &told->steps[i];
	fail_msg("no step changes %s", word);
	return NULL;
}

static void test_words_of_core(void **state)
{
	const struct told *told = run(files[0], MACHINE "task t { s0 = alloc kernel 1; touch s0; free s0; }\n");
	const struct lab_sim_step *budget = change_of(told, "zone normal budget");
	const struct lab_sim_step *owner = change_of(told, "frame 0 owner");

	assert_int_equal(budget->kind, LAB_WORD_NUMBER);
	assert_int_equal(budget->before, 64);
	assert_int_equal(budget->after, 62);
	assert_int_equal(budget->pending.kind, LAB_SIM_UPDATE);
	assert_int_equal(owner->kind, LAB_WORD_OWNER);
	assert_int_equal(owner->before, 0);
	assert_int_equal(lab_owner_context(owner->after), 1);
	assert_true(owner->code != 0);
}

static void test_words_of_locked(void **state)
{
	const struct told *told = run(files[1], MACHINE "task t { s0 = alloc kernel 1; free s0; }\n");
	const struct lab_sim_step *count = change_of(told, "zone normal free frames");

	assert_int_equal(count->before, 64);
	assert_int_equal(count->after, 62);
	assert_int_equal(change_of(told, "frame 56 owner")->kind, LAB_WORD_OWNER);
	assert_int_equal(change_of(told, "frame 56 state")->kind, LAB_WORD_NUMBER);
}

static const struct lab_sim_step *service(const struct told *told, const char *name)
{
	for (size_t i = 0; i < told->count; i++)
		if (told->steps[i].service && strcmp(told->steps[i].service, name) == 0)
			return &told->steps[i];
	fail_msg("no step is %s", name);
	return NULL;
}

static void test_services_have_names_and_places(void **state)
{
	const struct told *told = run(files[1], MACHINE "task t { s0 = alloc kernel 0; }\n");

	assert_true(service(told, "irq_save")->code != 0);
	assert_string_equal(service(told, "spin_lock")->word, "the lock");
	assert_true(service(told, "spin_lock") < service(told, "spin_unlock"));
	assert_true(service(told, "spin_unlock") < service(told, "irq_restore"));
}

/* A handler that nobody chose comes in before the last task of its CPU is over: with a step of its own. */
static void test_operations_and_interrupts(void **state)
{
	const struct told *told = run(files[0], MACHINE "task t { s0 = alloc kernel 0; free s5; free s0; }\n"
							"hardirq rx { p0 = alloc atomic 0; }\n");
	enum lab_status statuses[8] = {0};
	unsigned ops = 0, fires = 0, starts = 0;
	uint64_t frames[8];

	for (size_t i = 0; i < told->count; i++) {
		const struct lab_sim_step *step = &told->steps[i];

		fires += step->fires;
		starts += step->op != NULL;
		if (step->fires) {
			assert_int_equal(step->context, 1);
		}
		if (!step->op_ended)
			continue;
		assert_true(ops < 8);
		statuses[ops] = step->status;
		frames[ops++] = step->frame;
	}
	assert_int_equal(fires, 1);
	assert_int_equal(starts, 4);
	assert_int_equal(ops, 4);
	assert_int_equal(statuses[0], LAB_OK);
	assert_int_equal(frames[0], 0);
	assert_int_equal(statuses[1], LAB_INVALID); /* the slot is empty */
	assert_true(frames[1] == UINT64_MAX);
	assert_true(frames[2] == UINT64_MAX);
	assert_int_equal(frames[3], 0);
}

/* What the judgement of a run's end calls is no part of it: of runs that end in one state only the first is judged. */
static void test_the_judgement_is_no_step(void **state)
{
	const struct lab_choices none = {0};
	struct lab_rig rig = {0};
	uint64_t first = 0;

	lab_rig_open_hooked(&rig, files[0]);
	rig.options.op_done = NULL;
	for (unsigned i = 0; i < 3; i++) {
		rig.options.strategy = lab_strategy_follow(&none, true);
		lab_rig_run(&rig, MACHINE "task t { free s5; }\ntask u { free s5; }\n");
		lab_strategy_destroy(rig.options.strategy);
		first = i ? first : rig.result.trace_hash;
		assert_true(rig.result.trace_hash == first);
	}
	lab_rig_close(&rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_core),
		cmocka_unit_test(test_words_of_locked),
		cmocka_unit_test(test_services_have_names_and_places),
		cmocka_unit_test(test_operations_and_interrupts),
		cmocka_unit_test(test_the_judgement_is_no_step),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: test_step CORE LOCKED\n");
		return 2;
	}
	files = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
