/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/arena_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/places.h"
#include "plat/clock.h"
#include "plat/vm.h"
#include "report/file.h"
#include "target/core_target.h"

/* One in a process: the target has one configuration. */
static struct {
	char *path; /* NULL: in memory */
	void *metadata;
	size_t bytes;
} place;

static struct lab_tracer tracer = {.now = lab_clock_mono_ns, .ticks_per_second = 1000000000};

/* The oracle makes an instance for its census first; the next one takes the same room. */
static enum lab_status make_room(void *arg, size_t bytes, void **ret_metadata)
{
	enum lab_status status = LAB_OK;

	if (place.metadata && place.bytes == bytes) {
		memset(place.metadata, 0, bytes);
	} else {
		status = place.path ? lab_vm_map_new_file(place.path, bytes, &place.metadata)
				    : lab_vm_map(bytes, &place.metadata);
		if (!status)
			place.bytes = bytes;
	}
	if (!status)
		*ret_metadata = place.metadata;
	return status;
}

static enum lab_status write_maps(const char *path)
{
	enum lab_status status;
	uint8_t *text = NULL;
	char *name = NULL;
	size_t bytes;

	if (asprintf(&name, "%s%s", path, LAB_ARENA_MAPS_SUFFIX) < 0)
		return LAB_SYSTEM;
	status = lab_file_read("/proc/self/maps", LAB_PLACES_MAPS_MAX, &text, &bytes);
	if (!status) {
		status = lab_file_write(name, text, bytes);
		free(text);
	}
	free(name);
	return status;
}

/* What is not an arena is somebody's, and is not to be written over. */
static bool is_someone_elses(const char *path)
{
	struct lab_arena arena;
	enum lab_arena_fault fault;
	const void *there;
	size_t bytes;

	if (access(path, F_OK) != 0)
		return false;
	if (lab_vm_map_file(path, &there, &bytes) != LAB_OK)
		return true;
	fault = lab_arena_watch(&arena, there, bytes);
	lab_vm_unmap((void *)(uintptr_t)there, bytes); /* NOLINT(performance-no-int-to-ptr) */
	return fault == LAB_ARENA_FOREIGN;
}

enum lab_status lab_arena_file_use(const char *path)
{
	struct lab_core_options options = {.flags = LAB_ARENA_TRACE, .tracer = &tracer, .place = make_room};

	if (path && is_someone_elses(path))
		return LAB_INVALID;
	tracer.process = (uint32_t)getpid();
	place.path = path ? strdup(path) : NULL;
	if (path && (!place.path || write_maps(path) != LAB_OK))
		return LAB_SYSTEM;
	lab_target_core_configure(&options);
	return LAB_OK;
}

bool lab_arena_file_watch(struct lab_arena *ret_arena)
{
	return place.metadata && lab_arena_watch(ret_arena, place.metadata, place.bytes) == LAB_ARENA_SOUND;
}

const char *lab_arena_fault_text(enum lab_arena_fault fault)
{
	static const char *const texts[LAB_ARENA_FAULT_COUNT] = {
		[LAB_ARENA_SOUND] = "a sound arena",
		[LAB_ARENA_FOREIGN] =
			"not an arena: expected the metadata of one, as 'labyrinth stress --arena' writes",
		[LAB_ARENA_OTHER_VERSION] = "an arena of another version of labyrinth: expected one of this version",
		[LAB_ARENA_SHORT] = "an arena that was cut short: expected as many bytes as it says that it has",
		[LAB_ARENA_DAMAGED] = "a damaged arena: expected offsets and chunks that agree with its counts",
	};

	return texts[fault];
}
