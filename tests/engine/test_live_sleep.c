/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_rig.h"
#include "plat/atomic.h"
#include "plat/clock.h"
#include "plat/thread.h"
#include "plat/trap.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* R07 by what the target's code does, and not by what it asks of the host. */

#define MS UINT64_C(1000000)

static lab_atomic32 count, right;

static struct lab_live *run_with(struct lab_live_config config, void (*hook)(const struct lab_request *))
{
	lab_store_relaxed(&count, 0);
	lab_store_relaxed(&right, 0);
	lab_test_rig_hook = hook;
	return lab_test_rig_run(&config, 300 * MS, 0);
}

/* What the rig's driver asks for is atomic. Without interrupts it is a task that asks. */
static struct lab_live_config tasks_only(void)
{
	struct lab_live_config config = lab_test_rig_config(1);

	config.levels = 0;
	return config;
}

static bool is_once(void)
{
	return lab_fetch_add_relaxed(&count, 1) == 100;
}

static void skip_where_nothing_is_caught(void)
{
	if (!lab_trap_supported())
		skip();
}

/* The call is made all the same, and answers what it always does. */
static void hook_call(const struct lab_request *request)
{
	if (is_once())
		lab_store_relaxed(&right, syscall(SYS_getppid) == getppid());
}

static void test_atomic_request(void **state)
{
	const void *const *stack;
	struct lab_live *live;

	skip_where_nothing_is_caught();
	live = run_with(tasks_only(), hook_call);
	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, "syscall=getppid in an atomic request owners=task 0");
	assert_true(lab_load_relaxed(&right));
	assert_true(lab_live_stack(live, &stack) > 2);
	assert_true(lab_live_destroy(live));
}

static void hook_call_in_interrupt(const struct lab_request *request)
{
	if (lab_test_rig_host->context() == LAB_CONTEXT_HARDIRQ && lab_fetch_add_relaxed(&count, 1) == 10)
		lab_store_relaxed(&right, syscall(SYS_getppid) == getppid());
}

static void test_interrupt(void **state)
{
	struct lab_live *live;

	skip_where_nothing_is_caught();
	live = run_with(lab_test_rig_config(1), hook_call_in_interrupt);
	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, "syscall=getppid in an interrupt owners=hardirq 0");
	assert_true(lab_load_relaxed(&right));
	assert_true(lab_live_destroy(live));
}

static void hook_call_between_masks(const struct lab_request *request)
{
	unsigned long flags = lab_test_rig_host->irq_save();

	lab_test_rig_host->irq_restore(flags);
	if (request->gfp & LAB_GFP_DIRECT_RECLAIM) {
		if (lab_fetch_add_relaxed(&count, 1) == 5)
			(void)getppid();
		flags = lab_test_rig_host->irq_save();
		if (lab_load_relaxed(&count) == 10)
			(void)syscall(SYS_getuid);
		lab_test_rig_host->irq_restore(flags);
	}
}

/* As lab_test_rig_run, with another driver. */
static struct lab_live *run_driver(const struct lab_live_config *config, const struct lab_live_driver *driver,
				   void (*hook)(const struct lab_request *))
{
	struct lab_live *live;

	lab_test_rig_hook = NULL;
	assert_int_equal(lab_live_create(config, &live), LAB_OK);
	lab_store_relaxed(&count, 0);
	lab_test_rig_hook = hook;
	lab_test_rig_enable();
	assert_int_equal(lab_live_run(live, driver, 300 * MS, 0), LAB_OK);
	return live;
}

static bool next_kernel(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	*ret_op = (struct lab_op){.kind = actor->slots[0].block ? LAB_OP_FREE : LAB_OP_ALLOC, .gfp = LAB_GFP_KERNEL};
	return actor->kind == LAB_CONTEXT_TASK;
}

/* A request that may sleep does, until it masks interrupts itself. */
static void test_masked_in_a_call(void **state)
{
	static const struct lab_live_driver driver = {.next = next_kernel};
	struct lab_live_config config = tasks_only();
	struct lab_live *live;

	skip_where_nothing_is_caught();
	live = run_driver(&config, &driver, hook_call_between_masks);
	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP,
			    "syscall=getuid in a call with interrupts masked owners=task 0");
	assert_int_equal(lab_load_relaxed(&count), 10);
	assert_true(lab_live_destroy(live));
}

/* Nobody looks where it was not asked for. */
static void test_off(void **state)
{
	struct lab_live_config config = tasks_only();
	struct lab_live *live;

	config.sleep_allowed = true;
	live = run_with(config, hook_call);
	lab_test_rig_expect_clean(live);
	assert_true(lab_load_relaxed(&right));
	assert_true(lab_live_destroy(live));
}

/* Host services make system calls, and are not the target's. */
static void hook_services(const struct lab_request *request)
{
	static const uint32_t key;
	uint8_t bytes[16];

	for (unsigned i = 0; i < 64; i++)
		lab_test_rig_host->cpu_relax(); /* yields */
	lab_test_rig_host->wake(&key);
	lab_test_rig_host->random_fill(bytes, sizeof(bytes));
	lab_test_rig_host->reclaim_wake(0);
	if (lab_fetch_add_relaxed(&count, 1) == 50)
		lab_test_rig_host->log("from %s", "an atomic call");
}

/* Armed for long stretches, with signals that come in and nest: they leave, and find their way back. */
static void hook_busy(const struct lab_request *request)
{
	uint64_t began = lab_clock_mono_ns();

	hook_services(request);
	while (lab_clock_mono_ns() - began < 50000)
		;
}

/* The harness' own part of an interrupt may make system calls, over whatever call it came in. */
static bool next_that_calls(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	bool full = actor->slots[0].block != NULL;

	if (syscall(SYS_getppid) < 0 ||
	    (actor->kind != LAB_CONTEXT_TASK && !full &&
	     lab_load_relaxed(&actor->counts.ops[LAB_OP_FREE]) >= lab_load_relaxed(&actor->counts.runs)))
		return false;
	*ret_op = (struct lab_op){.kind = full ? LAB_OP_FREE : LAB_OP_ALLOC, .gfp = LAB_GFP_ATOMIC};
	return true;
}

static void test_signals_into_armed_calls(void **state)
{
	static const struct lab_live_driver driver = {.next = next_that_calls};

	for (unsigned source = 0; source < LAB_LIVE_SOURCE_COUNT; source++) {
		struct lab_live_config config = lab_test_rig_config(2);
		struct lab_live *live;

		if (LAB_SANITIZER_THREAD && source != LAB_LIVE_INJECT)
			continue;
		config.source = (enum lab_live_source)source;
		config.irq_rate = 2000;
		live = run_driver(&config, &driver, hook_busy);
		lab_test_rig_expect_clean(live);
		for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
			assert_true(lab_test_rig_fired(live, kind) > 0);
		assert_true(lab_live_destroy(live));
	}
}

/* A thread is made in the middle of it. */
static void *set_right(void *arg)
{
	lab_store_relaxed(&right, 1);
	return NULL;
}

static void hook_thread(const struct lab_request *request)
{
	struct lab_thread thread;

	if (is_once() && lab_thread_start(&thread, set_right, NULL) == LAB_OK)
		lab_thread_join(&thread);
}

static void test_thread_from_an_atomic_call(void **state)
{
	struct lab_live *live;

	skip_where_nothing_is_caught();
	live = run_with(tasks_only(), hook_thread);
	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, "syscall=");
	assert_true(lab_load_relaxed(&right));
	assert_true(lab_live_destroy(live));
}

/* Who does not come back in time is found all the same. */
static void hook_long_sleep(const struct lab_request *request)
{
	if (is_once())
		lab_thread_sleep_ns(20000 * MS);
}

static void test_call_that_stays(void **state)
{
	static struct lab_live *live; /* what a stuck thread may touch is not to be freed, nor to look leaked */
	uint64_t began = lab_clock_mono_ns();

	skip_where_nothing_is_caught();
	live = run_with(tasks_only(), hook_long_sleep);
	lab_test_rig_expect(live, LAB_R07_ATOMIC_SLEEP, "syscall=clock_nanosleep");
	assert_true(lab_clock_mono_ns() - began < 10000 * MS);
	assert_false(lab_live_destroy(live));
}

static int answer_of_child(void (*child)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		child();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* On the way to its end a process makes system calls: that is a crash and no sleep. */
static void hook_abort(const struct lab_request *request)
{
	if (is_once())
		abort();
}

static void child_aborts(void)
{
	const struct lab_finding *finding = lab_live_finding(run_with(tasks_only(), hook_abort));

	_exit(finding && finding->rule == LAB_R00_CRASH ? 42 : 43);
}

static void test_abort_is_a_crash(void **state)
{
	assert_int_equal(answer_of_child(child_aborts), 42);
}

/* A kernel that cannot: all goes on as before. */
static void child_without(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	struct lab_live *live;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(77);
	live = run_with(tasks_only(), hook_call);
	_exit(!lab_trap_supported() && !lab_live_finding(live) && lab_load_relaxed(&right) ? 42 : 43);
}

static void test_kernel_without(void **state)
{
	int answer = answer_of_child(child_without);

	if (answer == 77)
		skip();
	assert_int_equal(answer, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_atomic_request),           cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_masked_in_a_call),         cmocka_unit_test(test_off),
		cmocka_unit_test(test_signals_into_armed_calls), cmocka_unit_test(test_thread_from_an_atomic_call),
		cmocka_unit_test(test_call_that_stays),          cmocka_unit_test(test_abort_is_a_crash),
		cmocka_unit_test(test_kernel_without),           cmocka_unit_test(test_call_that_stays),
	};

	return cmocka_run_group_tests_name("live-sleep", tests, NULL, NULL);
}
