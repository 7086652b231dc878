/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "peers/eal.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <rte_eal.h>

#include "base/bits.h"

static enum lab_status status = LAB_SYSTEM;

/* The environment binds its first thread to one processor, and starts others that inherit the signal mask. */
static void *start(void *arg)
{
	char core[16], *words[] = {"labyrinth", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
				   "-m",        "512",       "-l",          core,       "--log-level=critical"};
	int first = sched_getcpu();

	snprintf(core, sizeof(core), "%d", first < 0 ? 0 : first);
	if (rte_eal_init((int)LAB_ARRAY_COUNT(words), words) >= 0)
		status = LAB_OK;
	return NULL;
}

static void start_once(void)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return;
	if (pthread_create(&thread, NULL, start, NULL) == 0)
		pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum lab_status lab_eal_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_once);
	return status;
}
