/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <labyrinth/memory.h>
#include <labyrinth/target.h>

#include "plat/sanitizer.h"
#include "plat/vm.h"
#include "target/core_services.h"
#include "target/core_tables.h"
#include "target/core_target.h"
#include "target/registry.h"

/* The reference allocator behind the target ABI. */

#define SHRED_CONTEXTS 256u
#define METADATA_ALIGN 64u

/* Where malloc is watched, the metadata's tables lie apart: targets/ asks for it. */
#ifndef LAB_CORE_APART
#define LAB_CORE_APART LAB_SANITIZER_ADDRESS
#endif

struct core {
	struct lab_arena arena;
	struct lab_arena
		*processes; /* a handle for each CPU, as if each were of a process of its own; NULL: one for all */
	bool *gone;         /* of a CPU: its process was reaped, and who calls there next is a new one */
	struct lab_core_services services;
	const struct lab_host *host;
	void *metadata; /* malloc'ed; NULL: it lies elsewhere */
	struct lab_core_tables tables;
};

static struct lab_core_options options;

void lab_target_core_configure(const struct lab_core_options *chosen)
{
	options = chosen ? *chosen : (struct lab_core_options){0};
}

const struct lab_arena *lab_target_core_arena(void *self)
{
	return &((struct core *)self)->arena;
}

/*
 * Cipher contexts cost more to make than a fuzzer's whole run takes, and any number of arenas may share them; so they
 * are made once a process. Targets are created by one thread at a time.
 */
static enum lab_status shared_shredder(struct lab_shredder **ret_shredder)
{
	static struct lab_shredder *shared;
	enum lab_status status = shared ? LAB_OK : lab_shredder_create(SHRED_CONTEXTS, &shared);

	if (!status)
		*ret_shredder = shared;
	return status;
}

static enum lab_status place(struct core *core, size_t bytes, void **ret_metadata)
{
	if (options.place)
		return options.place(options.arg, bytes, ret_metadata);
	core->metadata = aligned_alloc(METADATA_ALIGN, bytes);
	if (!core->metadata)
		return LAB_SYSTEM;
	*ret_metadata = memset(core->metadata, 0, bytes);
	return LAB_OK;
}

/* The arena, in memory that is left behind for the tables of their own. */
static enum lab_status init_apart(struct core *core, const struct lab_arena_config *config, size_t bytes)
{
	void *metadata;
	enum lab_status status = lab_vm_map(bytes, &metadata);

	if (status)
		return status;
	status = lab_arena_init(&core->arena, config, metadata, bytes);
	if (!status)
		status = lab_core_tables_part(&core->arena, &core->tables);
	lab_vm_unmap(metadata, bytes);
	return status;
}

static enum lab_status init(struct core *core, const struct lab_arena_config *config)
{
	void *metadata = NULL;
	size_t bytes;
	enum lab_status status = lab_arena_measure(config, &bytes);

	if (status)
		return status;
	if (LAB_CORE_APART && !options.place)
		return init_apart(core, config, bytes);
	status = place(core, bytes, &metadata);
	return status ? status : lab_arena_init(&core->arena, config, metadata, bytes);
}

static enum lab_status join(struct core *core, unsigned cpu)
{
	unsigned process;

	core->processes[cpu] = core->arena;
	core->gone[cpu] = false;
	return lab_arena_join(&core->processes[cpu], &process);
}

static enum lab_status join_all(struct core *core, unsigned cpu_count)
{
	enum lab_status status = LAB_OK;

	core->processes = calloc(cpu_count, sizeof(*core->processes));
	core->gone = calloc(cpu_count, sizeof(*core->gone));
	if (!core->processes || !core->gone)
		return LAB_SYSTEM;
	for (unsigned cpu = 0; cpu < cpu_count && !status; cpu++)
		status = join(core, cpu);
	return status;
}

/* The handle of the process on a CPU. A new one that is not let in is refused by its calls. */
static struct lab_arena *process_of(struct core *core, unsigned cpu)
{
	if (core->gone[cpu])
		(void)join(core, cpu);
	return &core->processes[cpu];
}

/* The handle of who calls. */
static struct lab_arena *arena_here(struct core *core)
{
	return core->processes ? process_of(core, core->host->cpu()) : &core->arena;
}

static enum lab_status create(const struct lab_machine *machine, unsigned process_count, void **ret_self)
{
	struct lab_arena_config config = {
		.frame_count = machine->frame_count,
		.page_shift = machine->page_shift,
		.order_max = machine->order_max,
		.cpu_count = machine->cpu_count,
		.flags = LAB_ARENA_VIEWS | LAB_ARENA_SHRED | options.flags,
		.spans = machine->spans,
		.span_count = machine->span_count,
		.zones = machine->zones,
		.process_count = process_count,
		.base = machine->base,
	};
	struct core *core = calloc(1, sizeof(*core));
	enum lab_status status;

	if (!core)
		return LAB_SYSTEM;
	status = shared_shredder(&config.shredder);
	if (!status)
		status = init(core, &config);
	if (!status && options.tracer)
		lab_arena_set_tracer(&core->arena, options.tracer);
	if (!status) {
		core->host = machine->host;
		lab_core_services_fill(&core->services, core->host, !process_count);
		lab_arena_serve(&core->arena, &core->services.services);
	}
	if (!status && process_count)
		status = join_all(core, process_count);
	if (status) {
		free(core->processes);
		free(core->gone);
		free(core->metadata);
		free(core);
		return status;
	}
	*ret_self = core;
	return LAB_OK;
}

static enum lab_status core_create(const struct lab_machine *machine, void **ret_self)
{
	return create(machine, 0, ret_self);
}

static enum lab_status shared_create(const struct lab_machine *machine, void **ret_self)
{
	return create(machine, machine->cpu_count, ret_self);
}

static void core_destroy(void *self)
{
	struct core *core = self;

	lab_arena_fini(&core->arena);
	lab_core_tables_free(&core->tables);
	free(core->processes);
	free(core->gone);
	free(core->metadata);
	free(core);
}

/* The two requests have the same members at the same places. */
_Static_assert(sizeof(struct lab_request) == sizeof(struct lab_alloc_request) &&
		       offsetof(struct lab_request, gfp) == offsetof(struct lab_alloc_request, gfp) &&
		       offsetof(struct lab_request, order) == offsetof(struct lab_alloc_request, order) &&
		       offsetof(struct lab_request, cpu) == offsetof(struct lab_alloc_request, cpu) &&
		       offsetof(struct lab_request, owner) == offsetof(struct lab_alloc_request, owner),
	       "a request is passed on as it is");

static const struct lab_alloc_request *translate(const struct lab_request *request)
{
	return (const struct lab_alloc_request *)request;
}

static enum lab_status core_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct core *core = self;
	struct lab_page *page;
	enum lab_status status = lab_page_alloc(&core->arena, translate(request), &page);

	if (!status)
		*ret_block = lab_page_address(&core->arena, page);
	return status;
}

static enum lab_status core_free(void *self, void *block, const struct lab_request *request)
{
	struct core *core = self;
	struct lab_page *page = lab_page_of(&core->arena, block);

	struct lab_alloc_request hurried;

	if (!page)
		return LAB_BAD_ADDRESS;
	if (!(request->gfp & LAB_GFP_SHRED) || core->host->context() == LAB_CONTEXT_TASK)
		return lab_page_free(&core->arena, page, translate(request));
	/* However it was taken, nobody who interrupts has time to overwrite it. */
	hurried = *translate(request);
	hurried.gfp &= ~LAB_GFP_DIRECT_RECLAIM;
	return lab_page_free(&core->arena, page, &hurried);
}

static enum lab_status core_transfer(void *self, void *block, lab_owner from, lab_owner to)
{
	struct core *core = self;
	struct lab_page *page = lab_page_of(&core->arena, block);

	return page ? lab_page_transfer(&core->arena, page, from, to) : LAB_BAD_ADDRESS;
}

static enum lab_status core_map(void *self, void *block, lab_owner owner)
{
	struct core *core = self;
	struct lab_page *page = lab_page_of(&core->arena, block);

	return page ? lab_page_map(&core->arena, page, owner) : LAB_BAD_ADDRESS;
}

static enum lab_status core_unmap(void *self, void *block, lab_owner owner)
{
	struct core *core = self;
	struct lab_page *page = lab_page_of(&core->arena, block);

	return page ? lab_page_unmap(&core->arena, page, owner) : LAB_BAD_ADDRESS;
}

static void core_drain(void *self, unsigned cpu)
{
	struct core *core = self;

	lab_arena_drain(arena_here(core), cpu);
}

static enum lab_status core_cpu_offline(void *self, unsigned cpu)
{
	struct core *core = self;

	return lab_arena_cpu_offline(arena_here(core), cpu);
}

static enum lab_status core_cpu_online(void *self, unsigned cpu)
{
	struct core *core = self;

	return lab_arena_cpu_online(arena_here(core), cpu);
}

static enum lab_status core_memory_remove(void *self, unsigned span, unsigned patience)
{
	struct core *core = self;

	return lab_arena_memory_remove(&core->arena, span, patience);
}

static enum lab_status core_memory_add(void *self, unsigned span)
{
	struct core *core = self;

	return lab_arena_memory_add(&core->arena, span);
}

static enum lab_status core_set_marks(void *self, unsigned zone, const struct lab_zone_marks *marks)
{
	struct core *core = self;

	return lab_arena_set_marks(&core->arena, (enum lab_zone)zone, marks);
}

static enum lab_reclaim core_reclaim(void *self, unsigned zone)
{
	struct core *core = self;

	return lab_arena_reclaim(&core->arena, (enum lab_zone)zone) ? LAB_RECLAIM_MORE : LAB_RECLAIM_REST;
}

static uint64_t core_free_frames(void *self)
{
	struct core *core = self;

	return lab_arena_free_frames(&core->arena);
}

static enum lab_status core_check(void *self)
{
	struct core *core = self;

	return lab_arena_check(&core->arena, NULL);
}

static enum lab_word core_describe(void *self, const void *address, char *text, size_t room)
{
	struct core *core = self;

	return lab_arena_describe(&core->arena, address, text, room);
}

static enum lab_status shared_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lab_arena *arena = process_of(self, request->cpu);
	struct lab_page *page;
	enum lab_status status = lab_page_alloc(arena, translate(request), &page);

	if (!status)
		*ret_block = lab_page_address(arena, page);
	return status;
}

static enum lab_status shared_free(void *self, void *block, const struct lab_request *request)
{
	struct lab_arena *arena = process_of(self, request->cpu);
	struct lab_page *page = lab_page_of(arena, block);

	return page ? lab_page_free(arena, page, translate(request)) : LAB_BAD_ADDRESS;
}

static enum lab_status shared_reap(void *self, unsigned cpu, bool (*is_dead)(void *arg, lab_owner owner), void *arg)
{
	struct core *core = self;
	const struct lab_arena_dead dead = {.process = core->processes[cpu].process, .owns = is_dead, .arg = arg};
	enum lab_status status = lab_arena_reap(arena_here(core), &dead);

	/* Whoever was killed at this before may have come to the end of it. */
	if (status && status != LAB_UNCHANGED)
		return status;
	core->gone[cpu] = true;
	return LAB_OK;
}

const struct lab_target lab_target_core = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_target),
	.name = "core",
	.summary = "the reference allocator: lock-free, exact reserves, exclusive ownership",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI | LAB_CAP_RESERVE | LAB_CAP_OWNERSHIP |
		LAB_CAP_EXCLUSIVE_MAP | LAB_CAP_SHRED | LAB_CAP_ZERO | LAB_CAP_COALESCE | LAB_CAP_EXACT |
		LAB_CAP_BLOCKING | LAB_CAP_RECLAIM | LAB_CAP_HOTPLUG | LAB_CAP_MEMORY,
	.create = core_create,
	.destroy = core_destroy,
	.alloc = core_alloc,
	.free = core_free,
	.transfer = core_transfer,
	.map = core_map,
	.unmap = core_unmap,
	.drain = core_drain,
	.cpu_offline = core_cpu_offline,
	.cpu_online = core_cpu_online,
	.set_marks = core_set_marks,
	.reclaim = core_reclaim,
	.page_shift_min = 6,
	.free_frames = core_free_frames,
	.check = core_check,
	.describe = core_describe,
	.memory_remove = core_memory_remove,
	.memory_add = core_memory_add,
};

const struct lab_target lab_target_shared = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_target),
	.name = "shared",
	.summary = "the reference allocator, shared by processes that may be killed: one for each CPU",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI | LAB_CAP_RESERVE | LAB_CAP_OWNERSHIP |
		LAB_CAP_EXCLUSIVE_MAP | LAB_CAP_SHRED | LAB_CAP_ZERO | LAB_CAP_COALESCE | LAB_CAP_EXACT |
		LAB_CAP_BLOCKING | LAB_CAP_HOTPLUG | LAB_CAP_DEATH,
	.create = shared_create,
	.destroy = core_destroy,
	.alloc = shared_alloc,
	.free = shared_free,
	.transfer = core_transfer,
	.map = core_map,
	.unmap = core_unmap,
	.drain = core_drain,
	.cpu_offline = core_cpu_offline,
	.cpu_online = core_cpu_online,
	.set_marks = core_set_marks,
	.page_shift_min = 6,
	.free_frames = core_free_frames,
	.check = core_check,
	.describe = core_describe,
	.reap = shared_reap,
};
