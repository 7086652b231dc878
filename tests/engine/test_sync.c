/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "engine/strategy.h"
#include "scenario/text.h"
#include "sync_steps.h"

/*
 * What waits in the C library, as a hooked module calls it, under every schedule of a few contexts with at most two
 * preemptions and every place of an interrupt. usage: test_sync MODULE
 */

#define MACHINE  "machine frames=64 cpus=2 order-max=10\nzone normal frames=0+64\n"
#define CASES(a) a, LAB_ARRAY_COUNT(a)

static const char *module_file;
static struct lab_rig rig;
static void (*counts)(uint64_t *ret_counted, uint64_t *ret_broken);

struct sync_case {
	const char *kinds;       /* of each context: t a task, and h a hard interrupt on CPU 0 */
	enum sync_step steps[3]; /* of each */
	enum lab_rule rule;      /* LAB_RULE_COUNT: clean */
	const char *told;        /* of a finding */
	uint64_t counted;        /* of a clean one */
	const char *flags;       /* NULL: kernel, of interrupts atomic */
};

static void write_scenario(const struct sync_case *it, char *text, size_t room)
{
	size_t used = (size_t)snprintf(text, room, MACHINE);

	for (unsigned i = 0; it->kinds[i]; i++) {
		bool task = it->kinds[i] == 't';

		used += (size_t)snprintf(text + used, room - used, "%s %c cpu=%u { s0 = alloc %s%s %d; }\n",
					 task ? "task" : "hardirq", 'a' + (char)i, task ? i % 2 : 0,
					 it->flags ? it->flags
					 : task    ? "kernel"
						   : "atomic",
					 it->steps[i] > 10 ? "|zero" : "", it->steps[i] % 11);
	}
}

static void search(const struct sync_case *it, const char *name)
{
	const struct lab_strategy_options options = {.seed = 1, .preemptions = 2};
	struct lab_strategy *strategy = lab_strategy_create(name, &options);
	const struct lab_sim_options run = {.strategy = strategy, .step_budget = 2000};
	struct lab_text_error error;
	uint64_t counted, broken;
	char text[512];

	write_scenario(it, text, sizeof(text));
	if (lab_scenario_parse(text, strlen(text), &rig.scenario, &error) != LAB_OK)
		fail_msg("line %u: '%s', expected %s", error.line, error.word, error.expected);
	rig.result.found = false;
	while (!strategy->done && !rig.result.found) {
		assert_int_equal(lab_sim_run(rig.sim, &rig.scenario, &run, &rig.result), LAB_OK);
		counts(&counted, &broken);
		if (!rig.result.found && it->rule == LAB_RULE_COUNT &&
		    (broken || counted != it->counted || rig.result.starved))
			fail_msg("%scounted %d, broken %d, starved %d", text, (int)counted, (int)broken,
				 rig.result.starved);
	}
	lab_strategy_destroy(strategy);
}

static void check(const struct sync_case *it)
{
	const struct lab_finding *finding = &rig.result.finding;

	search(it, strchr(it->kinds, 'h') ? "irq" : "bound");
	if (!rig.result.found && it->rule != LAB_RULE_COUNT)
		fail_msg("steps %d %d: no finding", it->steps[0], it->steps[1]);
	if (rig.result.found && (it->rule != finding->rule || !strstr(finding->detail, it->told)))
		fail_msg("steps %d %d: %s: %s", it->steps[0], it->steps[1], lab_rule_info(finding->rule)->id,
			 finding->detail);
}

static void check_all(const struct sync_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&cases[i]);
}

static void test_locks_exclude(void **state)
{
	static const struct sync_case cases[] = {
		{"tt", {SYNC_SPIN, SYNC_SPIN}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"tt", {SYNC_A_B, SYNC_A_B}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"ttt", {SYNC_A_B, SYNC_A_B, SYNC_A_B}, LAB_RULE_COUNT, NULL, 3, NULL}, /* two on one CPU */
		{"tt", {SYNC_WRITE, SYNC_WRITE}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"ttt", {SYNC_READ, SYNC_WRITE, SYNC_READ}, LAB_RULE_COUNT, NULL, 1, NULL},
		{"tt", {SYNC_SEMAPHORE, SYNC_SEMAPHORE}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"tt", {SYNC_RECURSIVE, SYNC_RECURSIVE}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"tt", {SYNC_CHECKED, SYNC_CHECKED}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"tt", {SYNC_ONCE, SYNC_ONCE}, LAB_RULE_COUNT, NULL, 1, NULL},
		{"tt", {SYNC_KEYED, SYNC_KEYED}, LAB_RULE_COUNT, NULL, 0, NULL},
	};

	check_all(CASES(cases));
}

static void test_who_waits_is_woken(void **state)
{
	static const struct sync_case cases[] = {
		{"tt", {SYNC_AWAIT, SYNC_SIGNAL}, LAB_RULE_COUNT, NULL, 1, NULL},
		{"ttt", {SYNC_AWAIT, SYNC_AWAIT, SYNC_TWO_SIGNALS}, LAB_RULE_COUNT, NULL, 2, NULL},
		{"t", {SYNC_TIMED}, LAB_RULE_COUNT, NULL, 1, NULL},
	};

	check_all(CASES(cases));
}

static void test_deadlocks(void **state)
{
	static const struct sync_case cases[] = {
		{"tt", {SYNC_A_B, SYNC_B_A}, LAB_R08_INTERRUPT_SAFETY, "which waits for it", 0, NULL},
		{"t", {SYNC_A_A}, LAB_R08_INTERRUPT_SAFETY, "pthread_mutex_lock waits for itself", 0, NULL},
		{"t", {SYNC_READ_WRITE}, LAB_R08_INTERRUPT_SAFETY, "pthread_rwlock_wrlock waits for itself", 0, NULL},
		{"t", {SYNC_ONCE_IN_ONCE}, LAB_R08_INTERRUPT_SAFETY, "pthread_once waits for itself", 0, NULL},
		{"th", {SYNC_SPIN, SYNC_SPIN}, LAB_R08_INTERRUPT_SAFETY, "pthread_spin_lock waits for task a", 0, NULL},
	};

	check_all(CASES(cases));
}

static void test_for_ever(void **state)
{
	static const struct sync_case cases[] = {
		{"tt",
		 {SYNC_AWAIT_LATE, SYNC_SIGNAL},
		 LAB_R09_PROGRESS,
		 "lost wake-up: task a waits in pthread_cond_wait",
		 0,
		 NULL},
		{"tt", {SYNC_SPIN_KEPT, SYNC_SPIN}, LAB_R09_PROGRESS, "waits in pthread_spin_lock for task", 1, NULL},
		{"tt", {SYNC_DOWN, SYNC_DOWN}, LAB_R09_PROGRESS, "waits in sem_wait", 0, NULL},
	};

	check_all(CASES(cases));
}

static void test_atomic(void **state)
{
	static const struct sync_case cases[] = {
		{"t", {SYNC_SPIN}, LAB_RULE_COUNT, NULL, 1, "atomic"},
		{"t", {SYNC_TRY}, LAB_RULE_COUNT, NULL, 1, "atomic"},
		{"t", {SYNC_A_B}, LAB_R07_ATOMIC_SLEEP, "service=pthread_mutex_lock", 0, "atomic"},
		{"t", {SYNC_READ}, LAB_R07_ATOMIC_SLEEP, "service=pthread_rwlock_rdlock", 0, "atomic"},
		{"t", {SYNC_SEMAPHORE}, LAB_R07_ATOMIC_SLEEP, "service=sem_wait", 0, "atomic"},
		{"t", {SYNC_ONCE}, LAB_R07_ATOMIC_SLEEP, "service=pthread_once", 0, "atomic"},
		{"tt", {SYNC_AWAIT_LATE, SYNC_SIGNAL}, LAB_R07_ATOMIC_SLEEP, "service=pthread_", 0, "atomic"},
		{"th", {SYNC_KEYED, SYNC_AWAIT}, LAB_R07_ATOMIC_SLEEP, "in an interrupt", 0, NULL},
	};

	check_all(CASES(cases));
}

static int open_rig(void **state)
{
	void *handle, *symbol;

	lab_rig_open_hooked(&rig, module_file);
	handle = dlopen(module_file, RTLD_NOW | RTLD_NOLOAD);
	symbol = handle ? dlsym(handle, "sync_counts") : NULL;
	memcpy(&counts, &symbol, sizeof(counts));
	return symbol ? 0 : -1;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locks_exclude), cmocka_unit_test(test_who_waits_is_woken),
		cmocka_unit_test(test_deadlocks),     cmocka_unit_test(test_for_ever),
		cmocka_unit_test(test_atomic),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_sync MODULE\n");
		return 2;
	}
	module_file = argv[1];
	return cmocka_run_group_tests_name("sync", tests, open_rig, close_rig);
}
