/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/restart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/plugin.h"

#define TUNABLE "glibc.rtld.optional_static_tls"
#define BYTES   "8192"

static char **arguments;

/* Comes back only if that was done already, or cannot be: then the loader's own message stands. */
static void restart(void)
{
	const char *before = getenv("GLIBC_TUNABLES");
	char tunables[1024];

	if (before && strstr(before, TUNABLE))
		return;
	if ((size_t)snprintf(tunables, sizeof(tunables), "%s%s" TUNABLE "=" BYTES, before ? before : "",
			     before ? ":" : "") < sizeof(tunables) &&
	    setenv("GLIBC_TUNABLES", tunables, 1) == 0)
		execv("/proc/self/exe", arguments);
}

void lab_cli_restart_catch(int argc, char **argv)
{
	arguments = calloc((size_t)argc + 1, sizeof(arguments[0]));
	if (!arguments)
		return;
	memcpy(arguments, argv, (size_t)argc * sizeof(arguments[0])); /* commands write their name over the first */
	lab_target_restart = restart;
}
