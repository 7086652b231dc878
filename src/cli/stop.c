/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void ask(int number)
{
	asked = 1;
}

void lab_cli_stop_catch(void)
{
	/* SA_RESETHAND: a user who asks twice means it. No SA_RESTART: a sleep that is waited out ends at once. */
	struct sigaction action = {.sa_handler = ask, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool lab_cli_stop_asked(void)
{
	return asked != 0;
}
