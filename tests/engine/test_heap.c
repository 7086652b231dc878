/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "engine/strategy.h"
#include "heap_faults.h"
#include "scenario/text.h"

/*
 * Judged at each access. R00 of a hooked module's malloc: what it reads and writes is its own, and it frees what is
 * there. R11 of the frames. usage: test_heap HEAP FRAMES
 */

#define MACHINE "machine frames=64 cpus=2 order-max=10\nzone normal frames=0+64\n"

static const char *file;
static struct lab_rig rig;

static int open_rig(void **state)
{
	const struct lab_target *target;
	char message[256];
	bool hooked = false;

	assert_int_equal(lab_target_open_hooked(file, &target, &hooked, message, sizeof(message)), LAB_OK);
	assert_true(hooked);
	lab_rig_open(&rig, target);
	return 0;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

static void test_each_fault(void **state)
{
	static const struct {
		enum heap_fault fault;
		const char *told; /* NULL: no finding */
	} cases[] = {
		{HEAP_SOUND, NULL},
		{HEAP_READ_FREED, "read of 1 bytes at heap+0x"},
		{HEAP_READ_FREED, ": freed memory owners=task a"},
		{HEAP_WRITE_FREED, "write of 1 bytes at heap+0x"},
		{HEAP_WRITE_BEHIND, ": outside of every block owners=task a"},
		{HEAP_READ_BEFORE, ": outside of every block owners=task a"},
		{HEAP_FREE_TWICE, "free of heap+0x"},
		{HEAP_FREE_INSIDE, ": no living block begins there owners=task a"},
		{HEAP_KEPT_BEHIND, "read of 1 bytes at heap+0x"},
		{HEAP_FREE_KEPT, NULL},
		{HEAP_READ_KEPT, NULL}, /* it is there again */
		{HEAP_SOUND, NULL},
	};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(cases); i++) {
		char text[256];

		snprintf(text, sizeof(text), MACHINE "task a { s0 = alloc kernel %d; }\n", (int)cases[i].fault);
		lab_rig_expect(&rig, text, cases[i].told ? LAB_R00_CRASH : LAB_RULE_COUNT);
		if (cases[i].told && !strstr(rig.result.finding.detail, cases[i].told))
			fail_msg("%s lacks \"%s\"", rig.result.finding.detail, cases[i].told);
	}
}

/* Where a search passes over reads of what nobody writes, it does not pass over reads behind a block. */
static void test_settled_reads_are_judged(void **state)
{
	struct lab_strategy *strategy = lab_strategy_create("random", &(struct lab_strategy_options){.seed = 1});
	char text[256];

	snprintf(text, sizeof(text), MACHINE "task a { s0 = alloc kernel %d; }\n", HEAP_KEPT_BEHIND);
	lab_rig_run(&rig, MACHINE "task a { s0 = alloc kernel 0; }\n");
	lab_sim_settle(rig.sim);
	rig.options.settled = true;
	rig.options.strategy = strategy;
	lab_rig_expect(&rig, text, LAB_R00_CRASH);
	rig.options.settled = false;
	rig.options.strategy = NULL;
	lab_strategy_destroy(strategy);
}

/* One context frees what another one is about to read: a search finds that order. */
static void search_for_it(const char *search, enum heap_fault first, enum heap_fault second)
{
	struct lab_strategy *strategy = lab_strategy_create(search, &(struct lab_strategy_options){.preemptions = 2});
	unsigned runs = 0;
	char text[256];

	snprintf(text, sizeof(text),
		 MACHINE "task a cpu=0 { s0 = alloc kernel %d; }\ntask b cpu=1 { s0 = alloc kernel %d; }\n", first,
		 second);
	rig.options.strategy = strategy;
	do
		lab_rig_run(&rig, text);
	while (!rig.result.found && !strategy->done && ++runs < 1000);
	if (!rig.result.found)
		fail_msg("%s found nothing in %u runs", search, runs);
	assert_int_equal(rig.result.finding.rule, LAB_R00_CRASH);
	rig.options.strategy = NULL;
	lab_strategy_destroy(strategy);
}

static void test_a_search_finds_who_reads_what_another_frees(void **state)
{
	static const char *const searches[] = {"bound", "dpor"};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(searches); i++) {
		search_for_it(searches[i], HEAP_READ_KEPT, HEAP_FREE_KEPT);
		search_for_it(searches[i], HEAP_FREE_KEPT, HEAP_READ_KEPT);
		search_for_it(searches[i], HEAP_READ_UNLESS_GONE, HEAP_FREE_KEPT);
		search_for_it(searches[i], HEAP_FREE_KEPT, HEAP_READ_UNLESS_GONE);
	}
}

/* Of frames that are owned: what changes them is a finding, be it atomic or not. */
static void test_owned_frames(void **state)
{
	static const bool changes[] = {[1] = true, [2] = false, [3] = false, [4] = true, [5] = false};

	for (int how = 1; how <= 5; how++) {
		char text[256];

		snprintf(text, sizeof(text), MACHINE "task a { s0 = alloc kernel 0; s1 = alloc kernel %d; }\n", how);
		lab_rig_expect(&rig, text, changes[how] ? LAB_R11_ISOLATION : LAB_RULE_COUNT);
		snprintf(text, sizeof(text), MACHINE "task a { s1 = alloc kernel %d; s0 = alloc kernel 0; }\n", how);
		lab_rig_expect(&rig, text, LAB_RULE_COUNT);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest heap_tests[] = {
		cmocka_unit_test(test_settled_reads_are_judged), /* first: nobody has written anything yet */
		cmocka_unit_test(test_each_fault),
		cmocka_unit_test(test_a_search_finds_who_reads_what_another_frees),
	};
	const struct CMUnitTest frame_tests[] = {
		cmocka_unit_test(test_owned_frames),
	};
	int failed;

	if (argc != 3) {
		fprintf(stderr, "usage: test_heap HEAP FRAMES\n");
		return 2;
	}
	file = argv[1];
	failed = cmocka_run_group_tests(heap_tests, open_rig, close_rig);
	file = argv[2];
	return cmocka_run_group_tests(frame_tests, open_rig, close_rig) + failed;
}
