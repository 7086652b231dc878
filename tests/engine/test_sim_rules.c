/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <string.h>

/* What the engine judges itself, R07 to R09, with `locked` behind an alloc that misbehaves; and life after a finding.
 */

#define MACHINE "machine frames=64 cpus=2 order-max=3\nzone normal frames=0+64 min=4 low=5 high=6 reserve=0\n"

static struct lab_rig rig;
static struct lab_target fake;
static const struct lab_host *host;
static struct lab_spinlock lock_a, lock_b;
static uint32_t key, other_key;
static unsigned calls;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	host = machine->host;
	memset(&lock_a, 0, sizeof(lock_a));
	memset(&lock_b, 0, sizeof(lock_b));
	key = other_key = calls = 0;
	return lab_target_locked.create(machine, ret_self);
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

static void open_fake(enum lab_status (*alloc)(void *, const struct lab_request *, void **))
{
	fake = lab_target_locked;
	fake.name = "fake";
	fake.create = create;
	fake.alloc = alloc;
	lab_rig_open(&rig, &fake);
}

/* The calls of scenario contexts only: census and quiescence see the allocator as it is. */
static bool from_scenario(const struct lab_request *request)
{
	return lab_owner_context(request->owner) != LAB_OWNER_CONTEXT_MAX;
}

static enum lab_status lock_with_interrupts_open(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status;

	host->spin_lock(&lock_a);
	status = lab_target_locked.alloc(self, request, ret_block);
	host->spin_unlock(&lock_a);
	return status;
}

/* A handler comes in while its host holds the lock: a real deadlock, told with its holder. */
static void test_deadlock_with_interrupted(void **state)
{
	open_fake(lock_with_interrupts_open);
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
			       "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n"
			       "schedule rx@a:2\n",
		       LAB_R08_INTERRUPT_SAFETY);
	assert_non_null(strstr(rig.result.finding.detail, "task a"));
	assert_non_null(strstr(rig.result.finding.detail, "hardirq rx"));
}

/* The same allocator, but the handler comes in later: no deadlock strikes, the use of the lock class tells. */
static void test_lock_class(void **state)
{
	open_fake(lock_with_interrupts_open);
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
			       "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n"
			       "schedule a* rx\n",
		       LAB_R08_INTERRUPT_SAFETY);
	assert_non_null(strstr(rig.result.finding.detail, "lock class"));
	/* without an interrupt it is no fault */
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n", LAB_RULE_COUNT);
}

static enum lab_status try_with_interrupts_open(void *self, const struct lab_request *request, void **ret_block)
{
	bool taken = host->spin_trylock(&lock_a);
	enum lab_status status = lab_target_locked.alloc(self, request, ret_block);

	if (taken)
		host->spin_unlock(&lock_a);
	return status;
}

static void test_trylock_does_not_count(void **state)
{
	open_fake(try_with_interrupts_open);
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
			       "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n"
			       "schedule rx@a:2\n",
		       LAB_RULE_COUNT);
}

static enum lab_status two_locks(void *self, const struct lab_request *request, void **ret_block)
{
	bool swap = request->cpu == 1;
	struct lab_spinlock *first = swap ? &lock_b : &lock_a, *second = swap ? &lock_a : &lock_b;
	enum lab_status status;

	host->spin_lock(first);
	host->spin_lock(second);
	status = lab_target_locked.alloc(self, request, ret_block);
	host->spin_unlock(second);
	host->spin_unlock(first);
	return status;
}

static void test_deadlock_of_two_cpus(void **state)
{
	const char *text = MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\n"
				   "task b cpu=1 { s0 = alloc kernel 0; }\n";

	open_fake(two_locks);
	lab_rig_expect(&rig, text, LAB_RULE_COUNT);
	/* a's first lock is taken at its first event; at the second one b comes in */
	lab_rig_run_bytes(&rig, text, (const uint8_t[]){0, 0, 1}, 3);
	assert_true(rig.result.found);
	assert_int_equal(rig.result.finding.rule, LAB_R08_INTERRUPT_SAFETY);
}

static enum lab_status sleepy(void *self, const struct lab_request *request, void **ret_block)
{
	host->might_sleep();
	return lab_target_locked.alloc(self, request, ret_block);
}

static void test_sleep(void **state)
{
	open_fake(sleepy);
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\n", LAB_RULE_COUNT);
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { s0 = alloc nowait 0; }\n", LAB_R07_ATOMIC_SLEEP);
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { }\nhardirq rx cpu=0 { s0 = alloc atomic 0; }\n",
		       LAB_R07_ATOMIC_SLEEP);
}

static enum lab_status sleepy_locked(void *self, const struct lab_request *request, void **ret_block)
{
	unsigned long flags = host->irq_save();

	host->might_sleep();
	host->irq_restore(flags);
	return lab_target_locked.alloc(self, request, ret_block);
}

static void test_sleep_under_mask(void **state)
{
	open_fake(sleepy_locked);
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\n", LAB_R07_ATOMIC_SLEEP);
}

/* a spins until b has been there: fair to others, so it ends; alone it runs out of events. */
static enum lab_status spin_for_second(void *self, const struct lab_request *request, void **ret_block)
{
	if (from_scenario(request)) {
		calls++;
		while (calls < 2)
			host->cpu_relax();
	}
	return lab_target_locked.alloc(self, request, ret_block);
}

static void test_spinning(void **state)
{
	open_fake(spin_for_second);
	rig.options.step_budget = 10000;
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\n"
			       "task b cpu=1 { s0 = alloc kernel 0; }\n",
		       LAB_RULE_COUNT);
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\n", LAB_R09_PROGRESS);
}

/* Many operations are no hang, however small the budget for one of them. */
static void test_long_scenario(void **state)
{
	char text[2048] = MACHINE "task a cpu=0 {";

	for (unsigned i = 0; i < 60; i++)
		strcat(text, " s0 = alloc kernel 0; free s0;");
	strcat(text, " }\n");
	lab_rig_open(&rig, &lab_target_locked);
	rig.options.step_budget = 20;
	lab_rig_expect(&rig, text, LAB_RULE_COUNT);
	assert_true(rig.result.event_count > 240);
	rig.options.step_budget = 2;
	lab_rig_expect(&rig, text, LAB_R09_PROGRESS);
}

/* a waits for a key that b's call wakes. */
static enum lab_status wait_for_second(void *self, const struct lab_request *request, void **ret_block)
{
	if (from_scenario(request) && ++calls == 1) {
		host->wait(&key, 0);
	} else {
		key = 1;
		host->wake(&key);
	}
	return lab_target_locked.alloc(self, request, ret_block);
}

static void test_wait_and_wake(void **state)
{
	open_fake(wait_for_second);
	lab_rig_expect(&rig,
		       MACHINE "task a cpu=0 { s0 = alloc kernel 0; touch s0; }\n"
			       "task b cpu=0 { s0 = alloc kernel 0; }\n",
		       LAB_RULE_COUNT);
	assert_string_equal(rig.order, "b a a");
	assert_false(rig.result.starved);
	/* nobody wakes it, though frames are free */
	lab_rig_expect(&rig, MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\n", LAB_R09_PROGRESS);
	assert_non_null(strstr(rig.result.finding.detail, "lost wake-up"));
}

/* Waits until a frame is free; woken by every free. */
static enum lab_status blocking_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status = lab_target_locked.alloc(self, request, ret_block);

	while (status == LAB_NO_MEMORY && (request->gfp & LAB_GFP_DIRECT_RECLAIM) && from_scenario(request)) {
		host->wait(&key, key);
		status = lab_target_locked.alloc(self, request, ret_block);
	}
	return status;
}

static enum lab_status waking_free(void *self, void *block, const struct lab_request *request)
{
	enum lab_status status = lab_target_locked.free(self, block, request);

	key++;
	host->wake(&key);
	return status;
}

#define SMALL "machine frames=8 cpus=1 order-max=3\nzone normal frames=0+8 min=0 low=1 high=2 reserve=0\n"

static void test_starved(void **state)
{
	open_fake(blocking_alloc);
	fake.free = waking_free;
	/* all frames are held in slots: nobody can give any, which is no fault of the allocator */
	lab_rig_expect(&rig, SMALL "task a cpu=0 { s0 = alloc kernel 3; s1 = alloc kernel 0; }\n", LAB_RULE_COUNT);
	assert_true(rig.result.starved);
	/* what lies in a kept list or a mailbox is given up for the sake of those that wait */
	lab_rig_expect(&rig, SMALL "task a cpu=0 { s0 = alloc kernel 3; s0 = alloc kernel 0; }\n", LAB_RULE_COUNT);
	assert_false(rig.result.starved);
	lab_rig_expect(
		&rig, SMALL "task a cpu=0 { s0 = alloc kernel 3; give s0 b; s1 = alloc kernel 0; }\ntask b cpu=0 { }\n",
		LAB_RULE_COUNT);
	assert_false(rig.result.starved);
}

/* Hands the first block of the scenario out again. */
static enum lab_status hands_out_twice(void *self, const struct lab_request *request, void **ret_block)
{
	static void *first;

	if (from_scenario(request) && ++calls == 2) {
		*ret_block = first;
		return LAB_OK;
	}
	if (lab_target_locked.alloc(self, request, ret_block) != LAB_OK)
		return LAB_NO_MEMORY;
	if (calls == 1)
		first = *ret_block;
	return LAB_OK;
}

#define TWICE MACHINE "task a cpu=0 { s0 = alloc kernel 0; }\ntask b cpu=1 { s0 = alloc kernel 0; touch s0; }\n"

/* A run that a finding cut short leaves nothing behind: the next ones are as on a new engine. */
static void test_after_a_finding(void **state)
{
	const char *clean = MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\nhardirq rx cpu=0 { touch s0; }\n";
	uint64_t clean_hash, finding_hash;

	open_fake(hands_out_twice);
	lab_rig_expect(&rig, clean, LAB_RULE_COUNT);
	clean_hash = rig.result.event_hash;
	lab_rig_expect(&rig, TWICE, LAB_R01_EXCLUSIVE_OWNERSHIP);
	finding_hash = rig.result.event_hash;
	for (unsigned i = 0; i < 10; i++) {
		lab_rig_expect(&rig, TWICE, LAB_R01_EXCLUSIVE_OWNERSHIP);
		assert_int_equal(rig.result.event_hash, finding_hash);
		lab_rig_expect(&rig, clean, LAB_RULE_COUNT);
		assert_int_equal(rig.result.event_hash, clean_hash);
	}
	lab_rig_close(&rig);
	lab_rig_open(&rig, &fake);
	lab_rig_expect(&rig, TWICE, LAB_R01_EXCLUSIVE_OWNERSHIP);
	assert_int_equal(rig.result.event_hash, finding_hash);
}

int main(void)
{
#define RULE_TEST(function) cmocka_unit_test_teardown(function, close_rig)
	const struct CMUnitTest tests[] = {
		RULE_TEST(test_deadlock_with_interrupted),
		RULE_TEST(test_lock_class),
		RULE_TEST(test_trylock_does_not_count),
		RULE_TEST(test_deadlock_of_two_cpus),
		RULE_TEST(test_sleep),
		RULE_TEST(test_sleep_under_mask),
		RULE_TEST(test_spinning),
		RULE_TEST(test_long_scenario),
		RULE_TEST(test_wait_and_wake),
		RULE_TEST(test_starved),
		RULE_TEST(test_after_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
