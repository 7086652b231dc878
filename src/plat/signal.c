/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/signal.h"

#include <errno.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

static void (*level_handler)(unsigned level);
static void (*crash_handler)(int signal, const void *address, const void *code);

static const int crash_signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
static struct sigaction crash_before[LAB_ARRAY_COUNT(crash_signals)];
static size_t crash_count; /* of crash_signals that are installed, from the first */
static _Thread_local stack_t stack_before;

int lab_signal_of_level(unsigned level)
{
	lab_assert_cmp(level, <, LAB_SIGNAL_LEVELS);
	return SIGRTMIN + (int)level;
}

static void on_level(int signal)
{
	int saved = errno;

	level_handler((unsigned)(signal - SIGRTMIN));
	errno = saved;
}

enum lab_status lab_signal_levels_install(void (*handler)(unsigned level))
{
	level_handler = handler;
	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++) {
		struct sigaction action = {.sa_handler = on_level, .sa_flags = SA_RESTART};

		sigemptyset(&action.sa_mask);
		for (unsigned below = 0; below <= level; below++)
			sigaddset(&action.sa_mask, lab_signal_of_level(below));
		if (sigaction(lab_signal_of_level(level), &action, NULL) != 0)
			return LAB_SYSTEM;
	}
	return LAB_OK;
}

void lab_signal_levels_remove(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++)
		sigaction(lab_signal_of_level(level), &action, NULL);
}

static void levels_mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++)
		sigaddset(&set, lab_signal_of_level(level));
	pthread_sigmask(how, &set, NULL);
}

void lab_signal_levels_open(void)
{
	levels_mask(SIG_UNBLOCK);
}

void lab_signal_levels_close(void)
{
	levels_mask(SIG_BLOCK);
}

bool lab_signal_send(int thread_id, unsigned level)
{
	return tgkill(getpid(), thread_id, lab_signal_of_level(level)) == 0;
}

static const void *code_of(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (const void *)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (const void *)context->uc_mcontext.pc;
#else
	return NULL;
#endif
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	crash_handler(signal, info->si_addr, info->si_code > 0 ? code_of(context) : NULL);
	/* Returning runs the faulting instruction again, now with the default effect; a raised signal is raised anew.
	 */
	sigaction(signal, &action, NULL);
	if (info->si_code <= 0)
		raise(signal);
}

void lab_signal_crash_install(void (*handler)(int signal, const void *address, const void *code), bool abort_only)
{
	struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	crash_handler = handler;
	sigfillset(&action.sa_mask);
	crash_count = abort_only ? 1 : LAB_ARRAY_COUNT(crash_signals);
	for (size_t i = 0; i < crash_count; i++)
		sigaction(crash_signals[i], &action, &crash_before[i]);
}

void lab_signal_crash_remove(void)
{
	for (size_t i = 0; i < crash_count; i++)
		sigaction(crash_signals[i], &crash_before[i], NULL);
	crash_count = 0;
}

void lab_signal_stack_set(void *memory, size_t room)
{
	stack_t stack = {.ss_sp = memory, .ss_size = room};
	int failed = sigaltstack(&stack, &stack_before);

	lab_assert(!failed);
}

void lab_signal_stack_clear(void)
{
	sigaltstack(&stack_before, NULL);
}

const char *lab_signal_name(int signal)
{
	switch (signal) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	case SIGABRT:
		return "SIGABRT";
	default:
		return "signal";
	}
}
