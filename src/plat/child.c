/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/clock.h"

#define LOOK_MS       50
#define LAST_WORDS_MS 500

struct watched {
	const struct lab_child_watch *watch;
	pid_t pid;
	int descriptor; /* that poll waits on for the child's end; -1: the system has none */
	int nap_ms;
	uint64_t beat, beat_cpu_ns, cpu_ns, asleep_ms;
};

static uint64_t cpu_of(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : lab_clock_read_ns(clock);
}

/* It waits in the kernel for something. A process that only waits for its turn is runnable, a stopped one is neither.
 */
static bool sleeps(pid_t pid)
{
	char path[64], text[128] = "";
	const char *end;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	end = strrchr(text, ')'); /* the name before it may hold anything */
	return end && (end[1] == ' ') && (end[2] == 'S' || end[2] == 'D');
}

static enum lab_child_end look(struct watched *child)
{
	/* relaxed: a count that is compared with its last value; the record is read when the child has ended */
	uint64_t beat = lab_load_relaxed(child->watch->beats), cpu_ns = cpu_of(child->pid);
	bool idle = cpu_ns == child->cpu_ns && sleeps(child->pid);

	child->cpu_ns = cpu_ns;
	if (beat != child->beat || !(beat & 1)) {
		child->beat = beat;
		child->beat_cpu_ns = cpu_ns;
		child->asleep_ms = 0;
		return LAB_CHILD_ENDED;
	}
	child->asleep_ms = idle ? child->asleep_ms + (unsigned)child->nap_ms : 0;
	if (cpu_ns - child->beat_cpu_ns > child->watch->cpu_ns)
		return LAB_CHILD_HUNG;
	return child->asleep_ms * UINT64_C(1000000) > child->watch->cpu_ns ? LAB_CHILD_ASLEEP : LAB_CHILD_ENDED;
}

static enum lab_child_end watch_it(struct watched *child, int *ret_wait)
{
	struct pollfd end = {.fd = child->descriptor, .events = POLLIN};
	enum lab_child_end verdict;

	while (waitpid(child->pid, ret_wait, WNOHANG) != child->pid) {
		if (poll(&end, 1, child->nap_ms) > 0)
			continue;
		if (child->watch->look)
			child->watch->look(child->watch->arg);
		verdict = look(child);
		if (verdict == LAB_CHILD_ENDED)
			continue;
		/* it may want to tell where it is, and has a moment for it */
		kill(child->pid, SIGABRT);
		(void)poll(&end, 1, LAST_WORDS_MS);
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, ret_wait, 0) < 0 && errno == EINTR)
			;
		return verdict;
	}
	return LAB_CHILD_ENDED;
}

static _Noreturn void be_child(pid_t parent, void (*job)(void *arg), void *arg)
{
	const struct rlimit no_core = {0, 0};

	/* a parent that ended before this could be asked for will not be told of any more */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(0);
	setrlimit(RLIMIT_CORE, &no_core);
	job(arg);
	fflush(NULL);
	_exit(0);
}

enum lab_status lab_child_run(void (*job)(void *arg), void *arg, const struct lab_child_watch *watch,
			      enum lab_child_end *ret_end, int *ret_wait)
{
	struct watched child = {.watch = watch, .beat = UINT64_MAX};
	pid_t parent = getpid();

	fflush(NULL);
	child.pid = fork();
	if (child.pid < 0)
		return LAB_SYSTEM;
	if (child.pid == 0)
		be_child(parent, job, arg);
	child.descriptor = pidfd_open(child.pid, 0);
	child.nap_ms = child.descriptor < 0 ? 1 : LOOK_MS;
	*ret_end = watch_it(&child, ret_wait);
	if (child.descriptor >= 0)
		close(child.descriptor);
	return LAB_OK;
}

/* On both sides of what is shared: a target that writes over an end of its own memory is not to write on here. */
#define GUARD ((size_t)1 << 20)

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

void *lab_child_share(size_t bytes)
{
	size_t whole = whole_pages(bytes);
	char *start = mmap(NULL, whole + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *memory;

	if (start == MAP_FAILED)
		return NULL;
	memory = mmap(start + GUARD, whole, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (memory != MAP_FAILED)
		return memory;
	munmap(start, whole + 2 * GUARD);
	return NULL;
}

void lab_child_unshare(void *memory, size_t bytes)
{
	munmap((char *)memory - GUARD, whole_pages(bytes) + 2 * GUARD);
}
