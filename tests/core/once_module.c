/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <labyrinth/arena.h>
#include <labyrinth/memory.h>
#include <labyrinth/target.h>

#include "core/shred.h"
#include "plat/atomic.h"
#include "target/registry.h"

/*
 * What the target ABI lets no two do at once, and the arena has an answer to: of two that free or pass on one block,
 * one; views of one block, as many as there are; of two that change one CPU's plug, the one who was told that it did.
 * And what the ABI has no call for: no two allocations by the short forms have one token. Of CPU 1: two take the memory
 * of one span away, and one is told that it did; of CPU 2: two change the memory of two spans of a zone; of CPU 3: of
 * one span. Of CPU 4: several use one shredder, with nothing around it. A hooked module, the reference allocator's but
 * for `drain`, which does all this on an arena of the module's own; `check` tells.
 */

#define FRAMES         64u
#define FRAME_BYTES    64u
#define METADATA_BYTES 4096u /* enough for so few */
#define CALLS          8u    /* more than a scenario's drains and the engine's own */

static struct side {
	char *memory; /* the engine takes it back with the run */
	struct lab_arena arena;
	struct lab_page *freed[2], *passed, *viewed; /* freed: by order, which have ways of their own */
	lab_atomic32 frees[2], passes, wrong, removals, calls, changes;
	lab_owner tokens[CALLS];
} side;

static struct lab_shredder *shredder;
static const lab_owner owner = UINT64_C(1) << 48 | 77;

static struct lab_alloc_request request_of(lab_owner whose)
{
	return (struct lab_alloc_request){.owner = whose};
}

static struct lab_page *take(unsigned order)
{
	struct lab_alloc_request request = request_of(owner);
	struct lab_page *page = NULL;

	request.order = order;
	return lab_page_alloc(&side.arena, &request, &page) ? NULL : page;
}

/* Made once a process, as what it costs is much: the engine has it as it was at the start of each run. */
static enum lab_status make_shredder(void)
{
	return shredder ? LAB_OK : lab_shredder_create(1, &shredder);
}

static enum lab_status once_create(const struct lab_machine *machine, void **ret_self)
{
	static const struct lab_span spans[] = {
		{0, FRAMES - 2, LAB_ZONE_NORMAL}, {FRAMES - 2, 1, LAB_ZONE_NORMAL}, {FRAMES - 1, 1, LAB_ZONE_NORMAL}};
	static const struct lab_zone_marks none[LAB_ZONE_COUNT];
	struct lab_arena_config config = {.frame_count = FRAMES,
					  .page_shift = 6, /* FRAME_BYTES */
					  .order_max = 1,
					  .cpu_count = 1,
					  .flags = LAB_ARENA_VIEWS,
					  .spans = spans,
					  .span_count = 3,
					  .zones = none};
	enum lab_status status;

	side.memory = calloc(1, FRAMES * FRAME_BYTES + METADATA_BYTES + FRAME_BYTES);
	if (!side.memory)
		return LAB_SYSTEM;
	config.base = side.memory + FRAME_BYTES - (uintptr_t)side.memory % FRAME_BYTES;
	status = lab_arena_init(&side.arena, &config, (char *)config.base + FRAMES * FRAME_BYTES, METADATA_BYTES);
	if (status)
		return status;
	side.freed[0] = take(0);
	side.freed[1] = take(1);
	side.passed = take(0);
	side.viewed = take(0);
	if (!side.viewed || make_shredder())
		return LAB_SYSTEM;
	return lab_target_core.create(machine, ret_self);
}

/* Counters of the module's own are relaxed: they are read at rest. */
static void count_if(bool it_is, lab_atomic32 *counter)
{
	if (it_is)
		lab_fetch_add_relaxed(counter, 1);
}

static void free_once(unsigned order)
{
	struct lab_alloc_request request = request_of(owner);

	request.order = order;
	count_if(lab_page_free(&side.arena, side.freed[order], &request) == LAB_OK, &side.frees[order]);
}

static void pass_once(unsigned call)
{
	lab_owner to = owner + 1 + call;

	count_if(lab_page_transfer(&side.arena, side.passed, owner, to) == LAB_OK, &side.passes);
}

static void view(void)
{
	count_if(lab_page_map(&side.arena, side.viewed, owner) != LAB_OK, &side.wrong);
	count_if(lab_page_unmap(&side.arena, side.viewed, owner) != LAB_OK, &side.wrong);
}

static void plug(void)
{
	if (lab_arena_cpu_offline(&side.arena, 0) == LAB_OK)
		count_if(lab_arena_cpu_online(&side.arena, 0) != LAB_OK, &side.wrong);
}

static void change_memory(unsigned span)
{
	if (lab_arena_memory_remove(&side.arena, span, 0) == LAB_OK)
		count_if(lab_arena_memory_add(&side.arena, span) != LAB_OK, &side.wrong);
}

static void take_token(unsigned call)
{
	struct lab_page *page = lab_alloc_pages(&side.arena, LAB_GFP_NOWAIT, 0);

	count_if(!page, &side.wrong);
	if (!page)
		return;
	side.tokens[call] = lab_page_owner(&side.arena, page);
	count_if(lab_free_pages(&side.arena, page, 0) != LAB_OK, &side.wrong);
}

static void shred(void)
{
	char content[FRAME_BYTES];

	shredder->run(shredder, content, sizeof(content));
}

static void once_drain(void *self, unsigned cpu)
{
	unsigned call;

	if (cpu == 4) {
		shred();
		return;
	}
	call = lab_fetch_add_relaxed(cpu ? &side.changes : &side.calls, 1);
	if (cpu == 1) {
		count_if(lab_arena_memory_remove(&side.arena, 1, 0) == LAB_OK, &side.removals);
	} else if (cpu == 2) {
		change_memory(1 + call % 2);
	} else if (cpu == 3) {
		change_memory(1);
	} else if (call < CALLS) {
		free_once(0);
		free_once(1);
		pass_once(call);
		view();
		plug();
		take_token(call);
	}
	lab_target_core.drain(self, cpu);
}

static enum lab_status once_check(void *self)
{
	unsigned calls = lab_load_relaxed(&side.calls); /* all at rest */

	for (unsigned i = 0; i < calls && i < CALLS; i++)
		for (unsigned j = 0; j < i; j++)
			count_if(side.tokens[i] == side.tokens[j], &side.wrong);
	if (lab_load_relaxed(&side.wrong) || lab_load_relaxed(&side.frees[0]) > 1 ||
	    lab_load_relaxed(&side.frees[1]) > 1 || lab_load_relaxed(&side.passes) > 1 ||
	    lab_load_relaxed(&side.removals) > 1 || lab_arena_check(&side.arena, NULL))
		return LAB_INVALID;
	return lab_target_core.check(self);
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static struct lab_target target;

	target = lab_target_core;
	target.name = "once";
	target.create = once_create;
	target.drain = once_drain;
	target.check = once_check;
	return &target;
}
