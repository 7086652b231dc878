/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/crash_stack.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/places.h"

void lab_cli_crash_stack(const struct lab_crash_stack *stack)
{
	struct lab_places *places = stack->frames ? lab_places_open(NULL, (uint32_t)getpid()) : NULL;
	char place[512];

	for (unsigned i = 0; i < stack->frames; i++) {
		/* of the outer ones the address is where the call returns to, and of the first where it struck */
		lab_places_name(places, stack->code[i] + !i, place, sizeof(place));
		if (strncmp(place, "lab_exec_", strlen("lab_exec_")) == 0)
			break; /* from here outwards it is the harness */
		printf("%s  %s\n", i ? "" : "stack\n", place);
	}
	lab_places_close(places);
}
