/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_rig.h"
#include "plat/atomic.h"
#include "plat/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static struct lab_spinlock lock;
static lab_atomic32 let_go, count;

static struct lab_live *run(unsigned threads, void (*hook)(const struct lab_request *))
{
	struct lab_live_config config = lab_test_rig_config(threads);

	memset(&lock, 0, sizeof(lock));
	lab_store_relaxed(&let_go, 0);
	lab_store_relaxed(&count, 0);
	lab_test_rig_hook = hook;
	config.watchdog_ns = 200 * MS;
	return lab_test_rig_run(&config, 400 * MS, 0);
}

/* R08: the same context takes a lock that it holds. */
static void hook_self_deadlock(const struct lab_request *request)
{
	lab_test_rig_host->spin_lock(&lock);
	if (lab_fetch_add_relaxed(&count, 1) == 100)
		lab_test_rig_host->spin_lock(&lock);
	lab_test_rig_host->spin_unlock(&lock);
}

static void test_self_deadlock(void **state)
{
	struct lab_live_config config = lab_test_rig_config(1);
	struct lab_live *live;

	config.levels = 0;
	memset(&lock, 0, sizeof(lock));
	lab_store_relaxed(&count, 0);
	lab_test_rig_hook = hook_self_deadlock;
	live = lab_test_rig_run(&config, 400 * MS, 0);
	lab_test_rig_expect(live, LAB_R08_INTERRUPT_SAFETY, "deadlock");
	assert_true(lab_live_destroy(live));
}

/* R08: a handler takes a lock that the task it interrupted holds. */
static void hook_interrupt_deadlock(const struct lab_request *request)
{
	if (lab_test_rig_host->context() == LAB_CONTEXT_NMI)
		return;
	lab_test_rig_host->spin_lock(&lock);
	lab_test_rig_spin_ns(20000);
	lab_test_rig_host->spin_unlock(&lock);
}

static void test_deadlock_with_what_was_interrupted(void **state)
{
	struct lab_live *live = run(1, hook_interrupt_deadlock);

	/* The usage rule sees it at the handler's attempt, before the deadlock strikes. */
	lab_test_rig_expect(live, LAB_R08_INTERRUPT_SAFETY, "is taken by blocking in");
	assert_true(lab_live_destroy(live));
}

/* R08 with no deadlock at all: the handler takes the lock once, later the task takes it with interrupts open. */
static void hook_usage(const struct lab_request *request)
{
	enum lab_context_kind kind = lab_test_rig_host->context();
	uint32_t stage = lab_load_relaxed(&count);

	if (kind == LAB_CONTEXT_HARDIRQ && stage == 0) {
		lab_test_rig_host->spin_lock(&lock);
		lab_test_rig_host->spin_unlock(&lock);
		lab_store_relaxed(&count, 1);
	} else if (kind == LAB_CONTEXT_TASK && stage == 1) {
		lab_store_relaxed(&count, 2);
		lab_test_rig_host->spin_lock(&lock);
		lab_test_rig_host->spin_unlock(&lock);
	}
}

static void test_usage_without_a_deadlock(void **state)
{
	struct lab_live *live = run(1, hook_usage);

	assert_int_equal(lab_load_relaxed(&count), 2);
	lab_test_rig_expect(live, LAB_R08_INTERRUPT_SAFETY, "taken by blocking in hardirq");
	assert_true(lab_live_destroy(live));
}

/* Masked before it is locked, or only tried in handlers: nothing to find. */
static void hook_masked(const struct lab_request *request)
{
	unsigned long flags;

	if (lab_test_rig_host->context() == LAB_CONTEXT_NMI) {
		if (lab_test_rig_host->spin_trylock(&lock))
			lab_test_rig_host->spin_unlock(&lock);
		return;
	}
	flags = lab_test_rig_host->irq_save();
	lab_test_rig_host->spin_lock(&lock);
	lab_test_rig_host->spin_unlock(&lock);
	lab_test_rig_host->irq_restore(flags);
}

static void test_masked_locks_are_clean(void **state)
{
	struct lab_live *live = run(3, hook_masked);

	lab_test_rig_expect_clean(live);
	for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		assert_true(lab_test_rig_fired(live, kind) > 0);
	assert_true(lab_live_destroy(live));
}

/* R08: locked while masked, but unmasked while still held. */
static void hook_unmasked_while_held(const struct lab_request *request)
{
	enum lab_context_kind kind = lab_test_rig_host->context();
	unsigned long flags;

	if (kind != LAB_CONTEXT_TASK && kind != LAB_CONTEXT_HARDIRQ)
		return;
	flags = lab_test_rig_host->irq_save();
	lab_test_rig_host->spin_lock(&lock);
	if (kind == LAB_CONTEXT_TASK)
		lab_test_rig_host->irq_restore(flags);
	lab_test_rig_host->spin_unlock(&lock);
	if (kind != LAB_CONTEXT_TASK)
		lab_test_rig_host->irq_restore(flags);
}

static void test_unmasked_while_held(void **state)
{
	struct lab_live *live = run(1, hook_unmasked_while_held);

	lab_test_rig_expect(live, LAB_R08_INTERRUPT_SAFETY, "taken by blocking in hardirq");
	assert_true(lab_live_destroy(live));
}

/* R09: one call that spins for ever, with interrupts coming all the time. */
static void hook_spin(const struct lab_request *request)
{
	if (lab_test_rig_host->context() != LAB_CONTEXT_TASK)
		return;
	while (!lab_load_relaxed(&let_go))
		lab_test_rig_host->cpu_relax();
}

static void test_watchdog(void **state)
{
	static struct lab_live *live; /* what a stuck thread may touch is not to be freed, nor to look leaked */

	live = run(1, hook_spin);
	lab_test_rig_expect(live, LAB_R09_PROGRESS, "task 0");
	assert_false(lab_live_destroy(live));
	lab_store_relaxed(&let_go, 1);
}

/* A call that takes long in wall time, asleep or off the processor, is not hung. */
static void hook_nap(const struct lab_request *request)
{
	if (lab_test_rig_host->context() == LAB_CONTEXT_TASK && lab_fetch_add_relaxed(&count, 1) == 10)
		usleep(600000);
}

static void test_watchdog_judges_cpu_time(void **state)
{
	struct lab_live_config config = lab_test_rig_config(1);
	struct lab_live *live;

	config.levels = 0;
	config.watchdog_ns = 100 * MS;
	config.sleep_allowed = true; /* it has no right to, but that is another rule */
	lab_store_relaxed(&count, 0);
	lab_test_rig_hook = hook_nap;
	live = lab_test_rig_run(&config, 400 * MS, 0);
	lab_test_rig_expect_clean(live);
	assert_true(lab_load_relaxed(&count) > 10);
	assert_true(lab_live_destroy(live));
}

/* R07, and the end of it: of thirty-two threads one finds, all stop, and the log tells of each. */
static void hook_sleep(const struct lab_request *request)
{
	if (lab_fetch_add_relaxed(&count, 1) == 200)
		lab_test_rig_host->might_sleep();
}

static void test_a_finding_stops_all(void **state)
{
	struct lab_live_config config = lab_test_rig_config(32);
	struct lab_live *live;
	uint64_t began;
	char *log;

	lab_store_relaxed(&count, 0);
	lab_test_rig_hook = hook_sleep;
	began = lab_clock_mono_ns();
	live = lab_test_rig_run(&config, 60000 * MS, 0);
	assert_true(lab_clock_mono_ns() - began < 20000 * MS);
	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, "might_sleep");
	log = lab_live_log(live);
	assert_non_null(strstr(log, "thread 31"));
	assert_non_null(strstr(log, "alloc"));
	free(log);
	assert_true(lab_live_destroy(live));
}

static void test_thirty_two_threads(void **state)
{
	struct lab_live_config config = lab_test_rig_config(32);
	struct lab_live *live;

	lab_test_rig_hook = NULL;
	live = lab_test_rig_run(&config, 0, 32 * 100);
	lab_test_rig_expect_clean(live);
	for (unsigned thread = 0; thread < 32; thread++) {
		const struct lab_actor *task = lab_live_actor(live, lab_live_actor_index(thread, LAB_CONTEXT_TASK));

		assert_true(lab_load_relaxed(&task->counts.ops[LAB_OP_ALLOC]) >= 50);
	}
	assert_true(lab_live_destroy(live));
}

/* R00: in a process of its own, since its thread stays in the crash. */
static char *beyond;

static void hook_crash(const struct lab_request *request)
{
	/* Under AddressSanitizer a report of its own, since cmocka has put its handler before the sanitizer's. */
	volatile uintptr_t bad = LAB_SANITIZER_ADDRESS ? (uintptr_t)beyond + 16 : 8;

	if (lab_fetch_add_relaxed(&count, 1) == 50)
		*(volatile char *)bad = 1;
}

static void hook_abort(const struct lab_request *request)
{
	if (lab_fetch_add_relaxed(&count, 1) == 50)
		abort();
}

static void check_crash(void (*hook)(const struct lab_request *))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		const struct lab_finding *finding;

		beyond = malloc(16);
		finding = lab_live_finding(run(2, hook));

		_exit(finding && finding->rule == LAB_R00_CRASH ? 42 : 43);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_crash(void **state)
{
	check_crash(hook_crash);
	check_crash(hook_abort);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_deadlock),
		cmocka_unit_test(test_deadlock_with_what_was_interrupted),
		cmocka_unit_test(test_usage_without_a_deadlock),
		cmocka_unit_test(test_masked_locks_are_clean),
		cmocka_unit_test(test_unmasked_while_held),
		cmocka_unit_test(test_watchdog_judges_cpu_time),
		cmocka_unit_test(test_a_finding_stops_all),
		cmocka_unit_test(test_thirty_two_threads),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests_name("live-rules", tests, NULL, NULL);
}
