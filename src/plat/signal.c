/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/trap.h"

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

#if LAB_TRAP_WRITTEN
/*
 * Where handlers return to: the C library's own code would be caught on an armed thread. To the byte what unwinders
 * know as the end of a signal's frame.
 */
extern const char lab_signal_return_code[], lab_signal_return_end[];
#if defined(__x86_64__)
#define RETURN_CODE "mov $15, %rax\n.byte 0x0f, 0x05\n" /* rt_sigreturn */
#else
#define RETURN_CODE "mov x8, #139\nsvc #0\n"
#endif
__asm__(".pushsection .text\n"
	".balign 16\n"
	"nop\n" /* unwinders look one byte before an address that is returned to */
	".globl lab_signal_return_code\n.hidden lab_signal_return_code\n"
	".globl lab_signal_return_end\n.hidden lab_signal_return_end\n"
	"lab_signal_return_code:\n" RETURN_CODE "lab_signal_return_end:\n"
	"nop\n"
	".popsection\n");

const void *lab_signal_return(size_t *ret_bytes)
{
	/* the kernel compares the address behind the instruction, which must lie inside */
	*ret_bytes = (size_t)(lab_signal_return_end - lab_signal_return_code) + 1;
	return lab_signal_return_code;
}

/* As the kernel takes it. */
struct kernel_action {
	const void *handler;
	unsigned long flags;
	const void *restorer;
	uint64_t mask;
};

enum lab_status lab_signal_action(int signal, const struct sigaction *action)
{
	const unsigned long has_restorer = 0x04000000; /* no header of the C library has SA_RESTORER */
	struct kernel_action raw = {.flags = (unsigned long)action->sa_flags | has_restorer,
				    .restorer = lab_signal_return_code};

	memcpy(&raw.mask, &action->sa_mask, sizeof(raw.mask));
	memcpy(&raw.handler, &action->sa_handler, sizeof(raw.handler));
	return syscall(SYS_rt_sigaction, signal, &raw, NULL, sizeof(raw.mask)) == 0 ? LAB_OK : LAB_SYSTEM;
}
#else
const void *lab_signal_return(size_t *ret_bytes)
{
	*ret_bytes = 0;
	return NULL;
}

enum lab_status lab_signal_action(int signal, const struct sigaction *action)
{
	return sigaction(signal, action, NULL) == 0 ? LAB_OK : LAB_SYSTEM;
}
#endif

static void on_level(int signal)
{
	uint8_t armed = lab_trap_arm(0);
	int saved = errno;

	level_handler((unsigned)(signal - SIGRTMIN));
	errno = saved;
	lab_trap_arm(armed);
}

enum lab_status lab_signal_levels_install(void (*handler)(unsigned level))
{
	level_handler = handler;
	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++) {
		struct sigaction action = {.sa_handler = on_level, .sa_flags = SA_RESTART};

		sigemptyset(&action.sa_mask);
		for (unsigned below = 0; below <= level; below++)
			sigaddset(&action.sa_mask, lab_signal_of_level(below));
		if (lab_signal_action(lab_signal_of_level(level), &action) != LAB_OK)
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

static _Thread_local const void *crash_at;

const void *lab_signal_crash_at(void)
{
	return crash_at;
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	lab_trap_arm(0);
	crash_at = code_of(context);
	crash_handler(signal, info->si_addr, info->si_code > 0 ? crash_at : NULL);
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
		sigaction(crash_signals[i], NULL, &crash_before[i]);
	for (size_t i = 0; i < crash_count; i++) {
		enum lab_status status = lab_signal_action(crash_signals[i], &action);

		lab_assert_cmp(status, ==, LAB_OK);
	}
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
