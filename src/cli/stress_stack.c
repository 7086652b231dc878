/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "cli/places.h"
#include "cli/stress.h"

char *lab_stress_stack(const struct lab_live *live, const char *between)
{
	const void *const *stack;
	size_t frames = lab_live_stack(live, &stack), bytes = 0;
	struct lab_places *places;
	char *text = NULL, place[512];
	FILE *out;

	if (!frames)
		return NULL;
	out = open_memstream(&text, &bytes);
	lab_assert(out);
	places = lab_places_open(NULL, (uint32_t)getpid());
	for (size_t i = 0; i < frames; i++) {
		lab_places_name(places, (uintptr_t)stack[i], place, sizeof(place));
		if (strncmp(place, "lab_exec_", strlen("lab_exec_")) == 0)
			break; /* from here outwards it is the harness */
		fprintf(out, "%s%s", i ? between : "", place);
	}
	lab_places_close(places);
	fclose(out);
	return text;
}
