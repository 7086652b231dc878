/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/places.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/arena_file.h"
#include "report/file.h"
#include "symbols/symbols.h"

#define OBJECTS_MAX 256u

/* A file that is mapped: all from `base`, its first byte, to `end`. */
struct object {
	uint64_t base, end;
	char *path;
	struct lab_symbols *symbols;
	bool opened;
};

struct lab_places {
	struct object objects[OBJECTS_MAX];
	size_t count;
};

/* A line of /proc/PID/maps: "START-END PERMS OFFSET DEVICE INODE  PATH". What is not one is passed over. */
static void take_line(struct lab_places *places, const char *line)
{
	struct object *last = places->count ? &places->objects[places->count - 1] : NULL;
	uint64_t start, end, offset;
	int path_at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %n", &start, &end, &offset, &path_at) != 3 ||
	    path_at == 0 || line[path_at] != '/')
		return;
	if (last && strcmp(last->path, line + path_at) == 0 && start >= last->end) {
		last->end = end;
		return;
	}
	if (offset != 0 || end <= start || places->count == OBJECTS_MAX)
		return;
	last = &places->objects[places->count++];
	*last = (struct object){.base = start, .end = end, .path = strdup(line + path_at)};
	lab_assert(last->path);
}

static void take_maps(struct lab_places *places, uint8_t *bytes, size_t count)
{
	char *text = strndup((const char *)bytes, count), *rest = text, *line;

	lab_assert(text);
	while ((line = strsep(&rest, "\n")))
		take_line(places, line);
	free(text);
}

/*
 * Files of /proc say that they are empty, so they are read as a stream. A file is not trusted: it only names objects,
 * of which symbols are read.
 */
static bool read_maps(struct lab_places *places, const char *path)
{
	uint8_t *bytes;
	size_t count;

	if (lab_file_read(path, LAB_PLACES_MAPS_MAX, &bytes, &count) != LAB_OK)
		return false;
	take_maps(places, bytes, count);
	free(bytes);
	return true;
}

struct lab_places *lab_places_open(const char *arena_path, uint32_t process)
{
	struct lab_places *places = calloc(1, sizeof(*places));
	char *path;

	lab_assert(places);
	if (arena_path) {
		int length = asprintf(&path, "%s%s", arena_path, LAB_ARENA_MAPS_SUFFIX);
		bool found;

		lab_assert_cmp(length, >, 0);
		found = read_maps(places, path);
		free(path);
		if (found)
			return places;
	}
	if (process) {
		int length = asprintf(&path, "/proc/%u/maps", process);

		lab_assert_cmp(length, >, 0);
		(void)read_maps(places, path);
		free(path);
	}
	return places;
}

void lab_places_close(struct lab_places *places)
{
	for (size_t i = 0; places && i < places->count; i++) {
		lab_symbols_close(places->objects[i].symbols);
		free(places->objects[i].path);
	}
	free(places);
}

static struct object *object_of(struct lab_places *places, uint64_t address)
{
	for (size_t i = 0; i < places->count; i++)
		if (address >= places->objects[i].base && address < places->objects[i].end)
			return &places->objects[i];
	return NULL;
}

void lab_places_name(struct lab_places *places, uint64_t address, char *text, size_t room)
{
	struct object *object = object_of(places, address);
	const struct lab_source *source;
	const char *slash;

	if (!object) {
		snprintf(text, room, "0x%" PRIx64, address);
		return;
	}
	if (!object->opened) {
		object->opened = true;
		if (lab_symbols_open(object->path, &object->symbols) != LAB_OK)
			object->symbols = NULL;
	}
	if (object->symbols && lab_symbols_source(object->symbols, (uintptr_t)(address - object->base), &source) &&
	    source->function[0]) {
		if (source->line)
			snprintf(text, room, "%s %s:%u%s%s", source->function, source->file, source->line,
				 source->within[0] ? " in " : "", source->within);
		else
			snprintf(text, room, "%s", source->function);
		return;
	}
	slash = strrchr(object->path, '/');
	snprintf(text, room, "%s+0x%" PRIx64, slash ? slash + 1 : object->path, address - object->base);
}
