/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/trap.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "plat/signal.h"

/* Older headers than the kernel. */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF          0
#define PR_SYS_DISPATCH_ON           1
#endif
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif

_Thread_local lab_atomic8 lab_trap_armed;

/* By number, with gaps; trap_names.py makes them. */
extern const char *const lab_trap_names[];
extern const long lab_trap_names_count;

const char *lab_trap_call_name(long number)
{
	return number >= 0 && number < lab_trap_names_count ? lab_trap_names[number] : NULL;
}

#if LAB_TRAP_WRITTEN
static void (*trap_handler)(long number, const void *code);

#if defined(__x86_64__)
#define CODE_OF(context)  (*(uintptr_t *)&(context)->uc_mcontext.gregs[REG_RIP])
#define INSTRUCTION_BYTES 2u
#else
#define CODE_OF(context)  (*(uintptr_t *)&(context)->uc_mcontext.pc)
#define INSTRUCTION_BYTES 4u
#endif

static void on_trap(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	lab_trap_arm(0);
	if (info->si_code == SYS_USER_DISPATCH) {
		ucontext_t *user = context;

		trap_handler(info->si_syscall, (const void *)CODE_OF(user));
		/* To before the instruction; the kernel has put its registers back. After the handler, which walks the
		 * stack from here. */
		CODE_OF(user) -= INSTRUCTION_BYTES;
	} else {
		/* Somebody's filter of system calls, who would have had the process ended. */
		struct sigaction action = {.sa_handler = SIG_DFL};

		sigaction(SIGSYS, &action, NULL);
		raise(SIGSYS);
	}
	errno = saved;
}

static int dispatch(unsigned long mode, const void *allowed, size_t bytes, const void *armed)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, allowed, bytes, armed);
}

bool lab_trap_supported(void)
{
	if (dispatch(PR_SYS_DISPATCH_ON, NULL, 0, &lab_trap_armed) != 0)
		return false;
	lab_trap_close();
	return true;
}

enum lab_status lab_trap_install(void (*handler)(long number, const void *code))
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	trap_handler = handler;
	sigfillset(&action.sa_mask);
	return lab_signal_action(SIGSYS, &action);
}

enum lab_status lab_trap_open(void)
{
	size_t bytes;
	const void *allowed = lab_signal_return(&bytes);

	return dispatch(PR_SYS_DISPATCH_ON, allowed, bytes, &lab_trap_armed) == 0 ? LAB_OK : LAB_SYSTEM;
}

void lab_trap_close(void)
{
	dispatch(PR_SYS_DISPATCH_OFF, NULL, 0, NULL);
}
#else
bool lab_trap_supported(void)
{
	return false;
}

enum lab_status lab_trap_install(void (*handler)(long number, const void *code))
{
	errno = ENOSYS;
	return LAB_SYSTEM;
}

enum lab_status lab_trap_open(void)
{
	errno = ENOSYS;
	return LAB_SYSTEM;
}

void lab_trap_close(void)
{
}
#endif
