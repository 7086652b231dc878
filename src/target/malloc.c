/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/malloc.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "target/hand.h"
#include "target/plugin.h"
#include "target/quota.h"

/*
 * Any malloc library as a target: blocks lie anywhere, nothing but exclusive ownership is promised.
 */

struct functions {
	void *(*aligned_alloc)(size_t alignment, size_t bytes);
	void (*free)(void *block);
};

struct heap {
	struct functions functions;
	bool foreign; /* not the C library: see target/hand.h */
	struct lab_quota quota;
	unsigned page_shift;
};

static enum lab_status heap_create(const struct lab_machine *machine, const struct functions *functions, bool foreign,
				   void **ret_self)
{
	struct heap *heap = calloc(1, sizeof(*heap));

	if (!heap || lab_quota_init(&heap->quota, machine) != LAB_OK) {
		free(heap);
		return LAB_NO_MEMORY;
	}
	heap->functions = *functions;
	heap->foreign = foreign;
	heap->page_shift = machine->page_shift;
	*ret_self = heap;
	return LAB_OK;
}

static void heap_destroy(void *self)
{
	struct heap *heap = self;

	lab_quota_fini(&heap->quota);
	free(heap);
}

static enum lab_status heap_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct heap *heap = self;
	uint64_t frames = UINT64_C(1) << request->order;
	void *block;

	if (!lab_quota_take(&heap->quota, request->cpu, frames))
		return LAB_NO_MEMORY;
	if (heap->foreign)
		lab_hand_enter(heap);
	block = heap->functions.aligned_alloc((size_t)1 << heap->page_shift, (size_t)frames << heap->page_shift);
	if (heap->foreign)
		lab_hand_leave(heap);
	if (!block) {
		lab_quota_give(&heap->quota, request->cpu, frames);
		return LAB_NO_MEMORY;
	}
	*ret_block = block;
	return LAB_OK;
}

static enum lab_status heap_free(void *self, void *block, const struct lab_request *request)
{
	struct heap *heap = self;

	if (heap->foreign)
		lab_hand_enter(heap);
	heap->functions.free(block);
	if (heap->foreign)
		lab_hand_leave(heap);
	lab_quota_give(&heap->quota, request->cpu, UINT64_C(1) << request->order);
	return LAB_OK;
}

static enum lab_status own_create(const struct lab_machine *machine, void **ret_self)
{
	static const struct functions own = {aligned_alloc, free};

	return heap_create(machine, &own, false, ret_self);
}

#define MALLOC_TARGET(name_, summary_, create_)                                                                        \
	{                                                                                                              \
		.abi = LAB_TARGET_ABI,                                                                                 \
		.size = sizeof(struct lab_target),                                                                     \
		.name = (name_),                                                                                       \
		.summary = (summary_),                                                                                 \
		.caps = LAB_CAP_OWN_MEMORY,                                                                            \
		.create = (create_),                                                                                   \
		.destroy = heap_destroy,                                                                               \
		.alloc = heap_alloc,                                                                                   \
		.free = heap_free,                                                                                     \
		.page_shift_min = 6,                                                                                   \
	}

const struct lab_target lab_target_malloc =
	MALLOC_TARGET("malloc", "aligned_alloc of the C library; malloc:LIB.so takes another", own_create);

/*
 * Other libraries, each loaded once and for good. create is told the machine only, so each slot has a create of its
 * own that knows its library.
 */
#define LIBRARY_ROOM 4

struct library {
	char name[128];
	struct functions functions;
};

static struct library libraries[LIBRARY_ROOM];

#define LIBRARY_CREATE(index)                                                                                          \
	static enum lab_status library_create_##index(const struct lab_machine *machine, void **ret_self)              \
	{                                                                                                              \
		return heap_create(machine, &libraries[index].functions, true, ret_self);                              \
	}
LIBRARY_CREATE(0)
LIBRARY_CREATE(1)
LIBRARY_CREATE(2)
LIBRARY_CREATE(3)

#define LIBRARY_TARGET(index)                                                                                          \
	MALLOC_TARGET(libraries[index].name, "aligned_alloc of the library named", library_create_##index)

static const struct lab_target library_targets[LIBRARY_ROOM] = {LIBRARY_TARGET(0), LIBRARY_TARGET(1), LIBRARY_TARGET(2),
								LIBRARY_TARGET(3)};

/* A function that this very library defines; dlsym alone would also find the C library's behind it. */
static void *own_symbol(void *handle, const char *symbol)
{
	struct link_map *map = NULL;
	void *address = dlsym(handle, symbol);
	Dl_info info;

	if (!address || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || !dladdr(address, &info))
		return NULL;
	return strcmp(info.dli_fname, map->l_name) == 0 ? address : NULL;
}

static const char *load(const char *library, struct functions *ret_functions)
{
	void *handle = lab_target_load(library), *alloc_address, *free_address;

	if (!handle)
		return dlerror();
	alloc_address = own_symbol(handle, "aligned_alloc");
	free_address = own_symbol(handle, "free");
	if (!alloc_address || !free_address) {
		dlclose(handle);
		return alloc_address ? "does not define free, expected a malloc library"
				     : "does not define aligned_alloc, expected a malloc library";
	}
	memcpy(&ret_functions->aligned_alloc, &alloc_address, sizeof(alloc_address));
	memcpy(&ret_functions->free, &free_address, sizeof(free_address));
	return NULL;
}

enum lab_status lab_target_malloc_open(const char *library, const struct lab_target **ret_target, char *message,
				       size_t room)
{
	struct functions functions;
	const char *wrong;
	unsigned slot = 0;
	char name[sizeof(libraries[0].name)];

	if ((size_t)snprintf(name, sizeof(name), "malloc:%s", library) >= sizeof(name)) {
		snprintf(message, room, "malloc:%s: library name too long, expected at most %zu bytes", library,
			 sizeof(name) - sizeof("malloc:"));
		return LAB_INVALID;
	}
	for (; slot < LIBRARY_ROOM && libraries[slot].name[0]; slot++)
		if (strcmp(libraries[slot].name, name) == 0) {
			*ret_target = &library_targets[slot];
			return LAB_OK;
		}
	if (slot == LIBRARY_ROOM) {
		snprintf(message, room, "%s: too many malloc libraries, expected at most %d a process", name,
			 LIBRARY_ROOM);
		return LAB_INVALID;
	}
	wrong = load(library, &functions);
	if (wrong) {
		snprintf(message, room, "%s: library: %s", name, wrong);
		return LAB_INVALID;
	}
	libraries[slot].functions = functions;
	strcpy(libraries[slot].name, name);
	*ret_target = &library_targets[slot];
	return LAB_OK;
}
