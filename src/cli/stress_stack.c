/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cli/stress.h"
#include "symbols/symbols.h"

/* What each address of the stack lies in; a stack goes through few objects. */
#define OBJECTS_MAX 8u

struct object {
	const void *base;
	struct lab_symbols *symbols; /* NULL: nothing is known of it */
};

static struct lab_symbols *symbols_of(struct object *objects, const Dl_info *info)
{
	for (unsigned i = 0; i < OBJECTS_MAX; i++) {
		if (objects[i].base == info->dli_fbase)
			return objects[i].symbols;
		if (objects[i].base)
			continue;
		objects[i].base = info->dli_fbase;
		if (lab_symbols_open(info->dli_fname, &objects[i].symbols) != LAB_OK)
			objects[i].symbols = NULL;
		return objects[i].symbols;
	}
	return NULL;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* False: from here outwards it is the harness. */
static bool print_frame(FILE *out, const char *before, struct object *objects, const void *address)
{
	const struct lab_source *source;
	struct lab_symbols *symbols;
	Dl_info info;

	if (!dladdr(address, &info)) {
		fprintf(out, "%s%p", before, address);
		return true;
	}
	symbols = symbols_of(objects, &info);
	if (!symbols || !lab_symbols_source(symbols, (uintptr_t)address - (uintptr_t)info.dli_fbase, &source)) {
		fprintf(out, "%s%s+0x%zx", before, last_name(info.dli_fname),
			(size_t)((const char *)address - (const char *)info.dli_fbase));
		return true;
	}
	if (strncmp(source->function, "lab_exec_", strlen("lab_exec_")) == 0)
		return false;
	if (source->line)
		fprintf(out, "%s%s (%s:%u)", before, source->function, source->file, source->line);
	else
		fprintf(out, "%s%s (%s)", before, source->function, last_name(info.dli_fname));
	return true;
}

char *lab_stress_stack(const struct lab_live *live, const char *between)
{
	struct object objects[OBJECTS_MAX] = {0};
	const void *const *stack;
	size_t frames = lab_live_stack(live, &stack), bytes = 0;
	char *text = NULL;
	FILE *out;

	if (!frames)
		return NULL;
	out = open_memstream(&text, &bytes);
	lab_assert(out);
	for (size_t i = 0; i < frames; i++)
		if (!print_frame(out, i ? between : "", objects, stack[i]))
			break;
	fclose(out);
	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		lab_symbols_close(objects[i].symbols);
	return text;
}
