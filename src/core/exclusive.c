/* SPDX-License-Identifier: Apache-2.0 */
#include "core/page.h"
#include "core/process.h"
#include "plat/cpu.h"

/* The short forms of allocation: the owner and the CPU are those of the calling thread. */

#define GENERATION_CPU_SHIFT 38u /* 1,024 CPUs above, 2^38 allocations of each below */

static lab_owner make_owner(const struct lab_arena *arena, unsigned context, unsigned cpu)
{
	/* Relaxed: only has to be unique. */
	uint64_t count = lab_fetch_add_relaxed(&lab_cpu_zone(arena, cpu, 0)->generation, 1);

	return lab_owner_make(context, (uint64_t)cpu << GENERATION_CPU_SHIFT |
					       (count & ((UINT64_C(1) << GENERATION_CPU_SHIFT) - 1)));
}

static unsigned own_cpu(const struct lab_arena *arena)
{
	return lab_cpu_now() % arena->state->cpu_count;
}

/* Of the owners that are the calling thread's alone; 0: a thread that there is no number for. */
static unsigned own_context(const struct lab_arena *arena)
{
	unsigned thread = lab_thread_number();

	if (!arena->process)
		return thread;
	return thread < LAB_PROCESS_CONTEXTS ? lab_process_place(arena->process) * LAB_PROCESS_CONTEXTS + thread : 0;
}

static unsigned any_context(const struct lab_arena *arena)
{
	return arena->process ? lab_process_place(arena->process) * LAB_PROCESS_CONTEXTS : LAB_OWNER_ANY_CONTEXT;
}

/* True for an owner's context whose block any thread may release. */
static bool is_any(const struct lab_arena *arena, unsigned context)
{
	return arena->process ? context % LAB_PROCESS_CONTEXTS == 0 : context == LAB_OWNER_ANY_CONTEXT;
}

struct lab_page *lab_alloc_pages(struct lab_arena *arena, lab_gfp gfp, unsigned order)
{
	unsigned cpu = own_cpu(arena);
	unsigned context = gfp & LAB_GFP_EXCLUSIVE ? own_context(arena) : any_context(arena);
	struct lab_alloc_request request = {.gfp = gfp, .order = order, .cpu = cpu};
	struct lab_page *page;

	if (context == 0 || lab_process_is_stranger(arena))
		return NULL;
	request.owner = make_owner(arena, context, cpu);
	return lab_page_alloc(arena, &request, &page) ? NULL : page;
}

enum lab_status lab_free_pages(struct lab_arena *arena, struct lab_page *page, unsigned order)
{
	struct lab_alloc_request request = {.order = order, .cpu = own_cpu(arena)};
	unsigned context;

	if (lab_chunk_of(arena, lab_page_pfn(arena, page)) == LAB_CHUNK_NONE)
		return LAB_BAD_ADDRESS;
	request.owner = lab_page_owner(arena, page);
	context = lab_owner_context(request.owner);
	/* Somebody else's is shown as nobody's, for lab_page_free to refuse with the right status. */
	if (!is_any(arena, context) && context != own_context(arena))
		request.owner = LAB_OWNER_NONE;
	return lab_page_free(arena, page, &request);
}

void *lab_alloc_address(struct lab_arena *arena, lab_gfp gfp)
{
	struct lab_page *page = lab_alloc_pages(arena, gfp, 0);

	return page ? lab_page_address(arena, page) : NULL;
}

enum lab_status lab_free_address(struct lab_arena *arena, void *address)
{
	struct lab_page *page = lab_page_of(arena, address);

	return page ? lab_free_pages(arena, page, 0) : LAB_BAD_ADDRESS;
}

void *labyrinth_void_alloc_page_gfp_atomic_exclusive(struct lab_arena *arena)
{
	return lab_alloc_address(arena, LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE);
}

enum lab_status labyrinth_void_free_page_gfp_atomic_exclusive(struct lab_arena *arena, void *address)
{
	return lab_free_address(arena, address);
}
