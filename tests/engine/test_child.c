/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/child.h"

/* What a child leaves behind in memory that it shares; and what of it a target that runs wild can reach. */

#define PAGE 4096u

static volatile char *shared;

static int write_in_child(size_t bytes, long at)
{
	pid_t pid;
	int wait;

	shared = lab_child_share(bytes);
	assert_non_null((void *)shared);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		shared[at] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &wait, 0), pid);
	return wait;
}

static void close_shared(size_t bytes)
{
	lab_child_unshare((void *)shared, bytes);
}

static void what_a_child_writes_is_seen(void **state)
{
	static const size_t sizes[] = {1, PAGE, PAGE + 1, 100 * PAGE};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(write_in_child(sizes[i], (long)sizes[i] - 1), 0);
		assert_int_equal(shared[sizes[i] - 1], 1);
		close_shared(sizes[i]);
	}
}

/* A megabyte on either side is in the way. */
static void nobody_writes_over_its_ends(void **state)
{
	static const long places[] = {-1, -(1 << 20), PAGE, (1 << 20) + PAGE - 1};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int wait = write_in_child(PAGE, places[i]);

		assert_true(WIFSIGNALED(wait) && WTERMSIG(wait) == SIGSEGV);
		close_shared(PAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_child_writes_is_seen),
		cmocka_unit_test(nobody_writes_over_its_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
